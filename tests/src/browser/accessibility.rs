//! What an accessibility checker finds in a page: axe-core, injected into it.

use serde_json::Value;

use super::page::Page;
use crate::{OrFail, folders};

const AXE: &str = "tests/tools/node_modules/axe-core/axe.min.js";

/// A rule a page breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule's name, for example `color-contrast`.
    pub rule: String,
    /// How bad it is: `minor`, `moderate`, `serious` or `critical`.
    pub impact: String,
    /// What the rule asks for, in words.
    pub help: String,
    /// The elements that break it, as selectors.
    pub elements: Vec<String>,
}

impl Page {
    /// The rules of WCAG 2.2 A and AA, and of good practice, that the page as it is now breaks. What only a person can
    /// judge is not among them.
    ///
    /// # Panics
    /// When axe-core is not there.
    #[track_caller]
    pub fn accessibility_violations(&mut self) -> Vec<Violation> {
        let script = folders::repository().join(AXE);
        assert!(
            script.is_file(),
            "{AXE} is missing; tests/run.sh fetches what the tests need"
        );
        self.inject(&script);
        let found = self.evaluate(
            "axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations.map(v => ({
                rule: v.id, impact: v.impact ?? '', help: v.help, elements: v.nodes.map(n => n.target.join(' '))
            })))",
        );
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        found
            .as_array()
            .or_fail("axe-core returned no list")
            .iter()
            .map(|violation| Violation {
                rule: text(&violation["rule"]),
                impact: text(&violation["impact"]),
                help: text(&violation["help"]),
                elements: violation["elements"]
                    .as_array()
                    .map(|elements| elements.iter().map(text).collect())
                    .unwrap_or_default(),
            })
            .collect()
    }
}
