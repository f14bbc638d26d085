//! A style sheet without variables: a file is opened by programs that do not know them.

/// The rules in their light colours: no variables, no media, no states of a pointer.
pub(super) fn style(sheet: &str) -> String {
    let rules: Vec<&str> = sheet
        .lines()
        .filter(|rule| !rule.starts_with("@media") && !pointed(rule))
        .collect();
    let mut plain = rules.join("\n");
    // The variables are all in the first rule, `--name:value;`.
    let variables: Vec<(String, String)> = rules
        .first()
        .and_then(|first| first.split_once('{'))
        .map(|(_, body)| body)
        .into_iter()
        .flat_map(|body| body.split(';'))
        .filter_map(|setting| setting.strip_prefix("--")?.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, value) in variables {
        plain = plain
            .replace(&format!("--{name}:{value};"), "")
            .replace(&format!("var(--{name})"), &value);
    }
    plain
}

/// A rule for a pointer or the keyboard's focus.
fn pointed(rule: &str) -> bool {
    rule.split('{')
        .next()
        .is_some_and(|selector| selector.contains(":hover") || selector.contains(":focus"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_style_of_a_file_has_no_variables_and_no_media() {
        let style = super::style(crate::run_chart::STYLE);
        assert!(
            !style.contains("--") && !style.contains("@media"),
            "{style}"
        );
        assert!(style.contains("fill:#212b32"));
    }
}
