//! One real event of every type, of the invented county: for the schemas, the API's description and tests.

use crate::event::TYPE_PREFIX;
use serde_json::{Value, json};

/// Type without its prefix, `time`, and data.
const EXAMPLES: &[(&str, &str, &str)] = &[
    (
        "transfer.admitted.v1",
        "2026-05-01T14:20:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","hospital":"hv-general","method":"emergency","previous":"t-09aa","population":"older-people"}"#,
    ),
    (
        "transfer.expected-date-set.v1",
        "2026-05-01T17:00:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","expected":"2026-05-06"}"#,
    ),
    (
        "transfer.assessment-notice-given.v1",
        "2026-05-02T09:10:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2"}"#,
    ),
    (
        "transfer.social-care-referred.v1",
        "2026-05-02T10:30:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2"}"#,
    ),
    (
        "transfer.assessment-started.v1",
        "2026-05-03T09:00:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2"}"#,
    ),
    (
        "transfer.assessment-finished.v1",
        "2026-05-04T15:45:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2"}"#,
    ),
    (
        "transfer.ready.v1",
        "2026-05-05T11:00:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","date":"2026-05-05"}"#,
    ),
    (
        "transfer.not-ready.v1",
        "2026-05-06T08:30:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","date":"2026-05-06"}"#,
    ),
    (
        "transfer.delay-reason-set.v1",
        "2018-05-03T09:00:00Z",
        r#"{"transfer":"t-77d0","area":"hv-north-2","date":"2018-05-03","code":"Di","attributable_to":"Social Care"}"#,
    ),
    (
        "transfer.delay-reason-set.v2",
        "2026-05-08T09:00:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","date":"2026-05-08","reason":"home-care-package","responsible":"social-care"}"#,
    ),
    (
        "transfer.package-agreed.v1",
        "2026-05-09T12:00:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2"}"#,
    ),
    (
        "transfer.discharge-notice-given.v1",
        "2026-05-09T12:30:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","proposed":"2026-05-11"}"#,
    ),
    (
        "transfer.discharge-notice-withdrawn.v1",
        "2026-05-10T09:00:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2"}"#,
    ),
    (
        "transfer.pathway-set.v1",
        "2026-05-08T10:00:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","date":"2026-05-08","pathway":"1"}"#,
    ),
    (
        "transfer.ward-set.v1",
        "2026-05-03T18:20:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","ward":"ward-7"}"#,
    ),
    (
        "transfer.discharged.v1",
        "2026-05-12T16:40:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","method":"agreed","destination":"19","date_only":false}"#,
    ),
    (
        "transfer.cancelled.v1",
        "2026-05-01T15:00:00Z",
        r#"{"transfer":"t-5e11","area":"hv-south-1"}"#,
    ),
    (
        "transfer.discharge-reversed.v1",
        "2026-05-12T17:10:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2"}"#,
    ),
    (
        "transfer.delay-reason-added.v1",
        "2026-05-07T10:00:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","date":"2026-05-07","reason":"equipment-adaptations","responsible":"social-care"}"#,
    ),
    (
        "transfer.delay-reason-ended.v1",
        "2026-05-09T15:00:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","date":"2026-05-09","reason":"equipment-adaptations"}"#,
    ),
    (
        "transfer.retracted.v1",
        "2026-05-13T09:00:00Z",
        r#"{"transfer":"t-81c4","area":"hv-north-2","retracts":"pas-5521","retracts_source":"/havenshire/old-pas","previous":"t-09aa"}"#,
    ),
    (
        "referral.received.v1",
        "2026-04-07T08:15:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","service":"mdt","priority":"routine","trigger":"case-finding","source_code":"01","need_identified":"2026-04-07T08:00:00Z","previous":"r-2b77","population":"older-people","sector":"housing"}"#,
    ),
    (
        "referral.triaged.v1",
        "2026-04-07T11:00:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","priority":"urgent"}"#,
    ),
    (
        "referral.accepted.v1",
        "2026-04-07T11:05:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1"}"#,
    ),
    (
        "referral.declined.v1",
        "2026-04-07T11:05:00Z",
        r#"{"referral":"r-40aa","area":"hv-mid-1","reason":"duplicate"}"#,
    ),
    (
        "referral.redirected.v1",
        "2026-04-07T11:05:00Z",
        r#"{"referral":"r-41bb","area":"hv-mid-1"}"#,
    ),
    (
        "referral.listed.v1",
        "2026-04-07T11:10:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","meeting":"2026-04-14"}"#,
    ),
    (
        "referral.first-contact.v1",
        "2026-04-09T14:00:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","face_to_face":true}"#,
    ),
    (
        "referral.discussed.v1",
        "2026-04-14T10:20:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","sectors":["health","social-care","voluntary"],"shared_record":true,"outcome":"plan"}"#,
    ),
    (
        "referral.plan-agreed.v1",
        "2026-04-16T09:30:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","agreed_by":"person-or-proxy","personal_budget":"agreed"}"#,
    ),
    (
        "referral.action-opened.v1",
        "2026-04-16T09:35:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","action":"a-1","owner":"social-care","due":"2026-04-30","kind":"resource-request"}"#,
    ),
    (
        "referral.action-done.v1",
        "2026-04-28T15:00:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","action":"a-1"}"#,
    ),
    (
        "referral.action-cancelled.v1",
        "2026-04-28T15:00:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","action":"a-2"}"#,
    ),
    (
        "referral.resource-decided.v1",
        "2026-04-21T13:00:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","action":"a-1","granted":true}"#,
    ),
    (
        "referral.closed.v1",
        "2026-05-20T12:00:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","reason":"completed"}"#,
    ),
    (
        "referral.withdrawn.v1",
        "2026-05-20T12:00:00Z",
        r#"{"referral":"r-42cc","area":"hv-mid-1"}"#,
    ),
    (
        "referral.reopened.v1",
        "2026-05-21T09:00:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1"}"#,
    ),
    (
        "referral.retracted.v1",
        "2026-05-21T09:00:00Z",
        r#"{"referral":"r-31f0","area":"hv-mid-1","retracts":"mdt-118"}"#,
    ),
    (
        "assessment.proposed.v1",
        "2026-03-02T10:00:00Z",
        r#"{"area":"havenshire-south","framework":"scie","item":"en-shared-records","round":"2026","level":3,"rater":"rater-2","note":"Two of three record systems are joined; the third follows in autumn."}"#,
    ),
    (
        "assessment.moderated.v1",
        "2026-03-20T10:00:00Z",
        r#"{"area":"havenshire-south","framework":"scie","item":"en-shared-records","round":"2026","from":3,"to":2,"note":"Rated as the other localities rate the same state."}"#,
    ),
    (
        "assessment.confirmed.v1",
        "2026-03-31T10:00:00Z",
        r#"{"area":"havenshire-south","framework":"scie","item":"en-shared-records","round":"2026"}"#,
    ),
    (
        "assessment.ambition-set.v1",
        "2026-03-31T10:05:00Z",
        r#"{"area":"havenshire-south","framework":"scie","item":"en-shared-records","level":4,"by":"2027-03-31"}"#,
    ),
    (
        "assessment.noted.v1",
        "2026-04-15T10:00:00Z",
        r#"{"area":"havenshire-south","framework":"scie","item":"en-shared-records","note":"Care homes can now see the shared record."}"#,
    ),
    (
        "assessment.retracted.v1",
        "2026-04-16T10:00:00Z",
        r#"{"entity":"havenshire-south/scie/en-shared-records","area":"havenshire-south","retracts":"as-12"}"#,
    ),
    (
        "assessment.ticked.v1",
        "2026-04-17T10:00:00Z",
        r#"{"area":"havenshire-south","framework":"scie","item":"en-shared-records","point":"agreements-on-sharing-are-signed-and-known-to-staff","done":true,"note":"Signed by all partners in March."}"#,
    ),
    (
        "assessment.found.v1",
        "2026-04-20T11:00:00Z",
        r#"{"area":"havenshire","framework":"cqc-local-system-reviews","item":"step-down-and-return","finding":"r2026-07","note":"People waited for equipment that community teams could have ordered earlier.","nodes":["co-timely-transfers"]}"#,
    ),
    (
        "experience.answered.v1",
        "2026-05-02T18:00:00Z",
        r#"{"response":"x-7f02","area":"hv-west-1","instrument":"p3c-eq","answers":[{"item":"goals-discussed","score":2},{"item":"involved-in-decisions","score":null}],"with_carer":false,"mode":"online","respondent":"person","team":"team-3","population":"older-people"}"#,
    ),
    (
        "experience.invited.v1",
        "2026-05-01T08:00:00Z",
        r#"{"response":"batch-2026-05","area":"hv-west-1","instrument":"p3c-eq","count":120,"population":"older-people"}"#,
    ),
    (
        "experience.comment-coded.v1",
        "2026-05-05T12:00:00Z",
        r#"{"response":"x-7f02","area":"hv-west-1","instrument":"p3c-eq","themes":["told-once","waiting"],"population":"older-people"}"#,
    ),
    (
        "experience.retracted.v1",
        "2026-05-06T12:00:00Z",
        r#"{"response":"x-7f02","area":"hv-west-1","retracts":"svy-99"}"#,
    ),
    (
        "change.planned.v1",
        "2026-04-01T09:00:00Z",
        r#"{"change":"c-discharge-lounge","area":"havenshire-north","title":"Discharge lounge opens at eight","aim":"Half of all discharges before noon by autumn.","measures":["tr-discharged-by-noon"],"concept":"organised-care","items":["se-transfers-without-delay"],"prediction":"Six in ten leave before noon within eight weeks.","led_by":"Discharge lead"}"#,
    ),
    (
        "change.started.v1",
        "2026-04-13T08:00:00Z",
        r#"{"change":"c-discharge-lounge","area":"havenshire-north"}"#,
    ),
    (
        "change.paused.v1",
        "2026-04-20T08:00:00Z",
        r#"{"change":"c-discharge-lounge","area":"havenshire-north"}"#,
    ),
    (
        "change.studied.v1",
        "2026-05-11T12:00:00Z",
        r#"{"change":"c-discharge-lounge","area":"havenshire-north","learnt":"Most still wait for medicines to take home.","compared":"in-part"}"#,
    ),
    (
        "change.finished.v1",
        "2026-05-29T16:00:00Z",
        r#"{"change":"c-discharge-lounge","area":"havenshire-north","decision":"adopt","learnt":"Transport booked the day before mattered more than the lounge."}"#,
    ),
    (
        "change.target-set.v1",
        "2026-04-01T09:00:00Z",
        r#"{"change":"chart/tr-delayed-share","area":"havenshire","measure":"tr-delayed-share","target":0.1,"from":"2026-07-01","reason":"The plan for this year."}"#,
    ),
    (
        "change.rebase-proposed.v1",
        "2026-05-30T09:00:00Z",
        r#"{"change":"chart/tr-delayed-share","area":"havenshire","measure":"tr-delayed-share","from":"2026-04-13","reason":"Twelve weeks on one side since the lounge opened."}"#,
    ),
    (
        "change.rebase-accepted.v1",
        "2026-05-31T09:00:00Z",
        r#"{"change":"chart/tr-delayed-share","area":"havenshire","measure":"tr-delayed-share","from":"2026-04-13","reason":"Agreed by the improvement board."}"#,
    ),
    (
        "change.rebase-declined.v1",
        "2026-05-31T09:00:00Z",
        r#"{"change":"chart/tr-delayed-share","area":"havenshire","measure":"tr-delayed-share","from":"2026-04-13","reason":"The lounge was closed again in June."}"#,
    ),
    (
        "change.retracted.v1",
        "2026-05-31T10:00:00Z",
        r#"{"change":"c-discharge-lounge","area":"havenshire-north","retracts":"pdsa-4"}"#,
    ),
    (
        "change.source-ended.v1",
        "2026-05-31T11:00:00Z",
        r#"{"change":"source/havenshire-community","area":"havenshire","ended":"/havenshire/community/pas","because":"replaced","successor":"/havenshire/general/pas"}"#,
    ),
    (
        "change.source-reported.v1",
        "2026-05-31T06:00:00Z",
        r#"{"change":"source/havenshire-general","area":"havenshire","begins":"2026-03-01"}"#,
    ),
    (
        "change.plan-item-set.v1",
        "2026-05-04T09:00:00Z",
        r#"{"change":"plan/equipment-first","area":"havenshire-north","aim":"Equipment is ordered on the day a date for going home is set.","framework":"scie","item":"co-timely-transfers","measures":["tr-delayed-nights"],"owner":"Head of community services","tested_by":"c-discharge-lounge","by":"2026-12-31"}"#,
    ),
    (
        "change.plan-progress-set.v1",
        "2026-05-29T09:00:00Z",
        r#"{"change":"plan/equipment-first","area":"havenshire-north","progress":"dropped","reason":"The joint store closed; the county plan takes it up."}"#,
    ),
    (
        "observation.observed.v1",
        "2020-02-13T09:30:00Z",
        r#"{"area":"E10000012","series":"dtoc-delayed-days","period_start":"2019-12-01","grain":"month","value":1422,"denominator":31,"breakdown":{"responsible":"nhs"},"mark":"provisional"}"#,
    ),
    (
        "observation.retracted.v1",
        "2020-03-12T09:30:00Z",
        r#"{"entity":"E10000012/dtoc-delayed-days/month/2019-12-01/responsible:nhs","area":"E10000012","retracts":"dtoc-2019-12-essex-nhs"}"#,
    ),
];

/// Every event type, in every version, with an event of it in structured JSON. In order of the families.
#[must_use]
pub fn all() -> Vec<(String, Value)> {
    EXAMPLES
        .iter()
        .map(|(short, time, data)| {
            let event_type = format!("{TYPE_PREFIX}{short}");
            let data: Value = serde_json::from_str(data).unwrap_or_default();
            let event = json!({
                "specversion": "1.0",
                "type": event_type,
                "source": "/havenshire/example",
                "id": format!("example-{}", short.replace('.', "-")),
                "time": time,
                "recordedtime": time,
                "datacontenttype": "application/json",
                "data": data,
            });
            (event_type, event)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::Areas;
    use crate::check::admit;
    use crate::event::Family;

    #[test]
    fn every_type_has_an_example_and_every_example_is_let_in() {
        let areas = Areas::built_in().unwrap();
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let all = all();
        for (event_type, event) in &all {
            let admitted = admit(event.to_string().as_bytes(), &areas, now);
            assert!(admitted.is_ok(), "{event_type}: {}", admitted.unwrap_err());
        }
        for family in Family::ALL {
            for (fact, newest) in family.types() {
                for version in 1..=*newest {
                    let wanted = format!("{TYPE_PREFIX}{family}.{fact}.v{version}");
                    assert!(all.iter().any(|(t, _)| *t == wanted), "{wanted}");
                }
            }
        }
    }

    #[test]
    fn an_example_sets_every_field_of_its_type() {
        let areas = Areas::built_in().unwrap();
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        for (event_type, event) in all() {
            if event_type.ends_with("retracted.v1") {
                continue;
            }
            let typed = admit(event.to_string().as_bytes(), &areas, now).unwrap();
            let unset = typed
                .fact
                .to_json()
                .as_object()
                .unwrap()
                .values()
                .any(Value::is_null);
            assert!(!unset, "{event_type}");
        }
    }
}
