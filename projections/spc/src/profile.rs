//! Sets of rules that people already know, and the one of this product.

use serde::{Deserialize, Serialize};

use crate::limits::SigmaConstant;
use crate::rules::{AlertOn, Gaps, Rules, Ties, TwoInThree};
use crate::runs::RunsMethod;

/// Whose rules to follow. Numbers equal to a reference implementation's last digit come from [`crate::parity`]; a profile
/// here follows its rules with the product's care for gaps and unfinished periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// What users see: the current Making Data Count rules with a length of 7, screened moving ranges, no signal from limits of
    /// no width, trial limits below 13 points, runs judged from 10 useful observations by limits that hold for any centre. An
    /// alert is of the latest period.
    #[default]
    Product,
    /// As the product, but runs are judged by the Anhøj rules and alert for the whole phase.
    Anhoej,
    /// The current Making Data Count rules with a length of 7 and nothing else, on run charts shift and trend.
    MakingDataCount,
    /// qicharts2: three sigma and the Anhøj rules, nothing else, from the first point on.
    Qicharts2,
    /// NHSRplotthedots: the four rules with a length of 7 and the two in three of before November 2023.
    NhsrPlotthedots,
    /// PowerBI-SPC: shift 7, trend 5, two in three with the third point anywhere.
    PowerbiSpc,
    /// Perla, Provost and Murray: on run charts shift 6 and trend 5, values on the median passed over.
    Perla,
    /// Healthcare Improvement Scotland: as Perla; medians start afresh after 9 points on one side.
    His,
    /// runcharter: medians start afresh after 9 points on one side; Anhøj rules.
    Runcharter,
}

impl Profile {
    /// The choices of this profile.
    pub fn rules(self) -> Rules {
        let product = Rules {
            shift: 7,
            trend: 7,
            ties: Ties::Break,
            gaps: Gaps::Break,
            two_in_three: TwoInThree::Current,
            rules_on_run_charts: false,
            stretch_rules: true,
            runs_method: RunsMethod::Conditional,
            runs_from: 10,
            alert_on: AlertOn::LatestPeriod,
            sigma: SigmaConstant::Wheeler,
            screen: true,
            undo_empty_screening: true,
            tolerance: 1e-9,
            trial_below: 13,
            signal_on_trial: false,
        };
        let anhoej = Rules {
            runs_method: RunsMethod::Anhoej,
            alert_on: AlertOn::WholePhase,
            ..product
        };
        let reference = Rules {
            undo_empty_screening: false,
            tolerance: 0.0,
            signal_on_trial: true,
            runs_from: 1,
            ..anhoej
        };
        match self {
            Profile::Product => product,
            Profile::Anhoej => anhoej,
            Profile::MakingDataCount => Rules {
                rules_on_run_charts: true,
                // It has no test of runs, so none is ever announced.
                runs_from: usize::MAX,
                ..anhoej
            },
            Profile::Qicharts2 => Rules {
                stretch_rules: false,
                sigma: SigmaConstant::D2,
                gaps: Gaps::Bridge,
                ties: Ties::Ignore,
                ..reference
            },
            Profile::NhsrPlotthedots => Rules {
                two_in_three: TwoInThree::Former,
                ..reference
            },
            Profile::PowerbiSpc => Rules {
                trend: 5,
                gaps: Gaps::Bridge,
                two_in_three: TwoInThree::AnySide,
                sigma: SigmaConstant::D2,
                ..reference
            },
            Profile::Perla | Profile::His => Rules {
                shift: 6,
                trend: 5,
                ties: Ties::Ignore,
                gaps: Gaps::Bridge,
                rules_on_run_charts: true,
                screen: false,
                ..anhoej
            },
            Profile::Runcharter => Rules {
                stretch_rules: false,
                ..anhoej
            },
        }
    }
}
