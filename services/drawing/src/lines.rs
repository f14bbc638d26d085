//! Words in lines: drawings break none by themselves.

/// A text in lines of so many letters, broken between words. Where it needs more than `max_lines`, the last one ends with an
/// ellipsis.
#[must_use]
pub fn lines(text: &str, letters: usize, max_lines: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let is_full = found.len() == max_lines;
        match found.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < letters => {
                line.push(' ');
                line.push_str(word);
            }
            Some(last) if is_full => {
                last.push('…');
                break;
            }
            _ => found.push(word.to_owned()),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn a_long_text_takes_its_lines_and_ends_with_an_ellipsis() {
        let long = "word ".repeat(60);
        let found = lines(&long, 40, 2);
        assert_eq!(found.len(), 2);
        assert!(found[1].ends_with('…') && found.iter().all(|l| l.chars().count() <= 41));
    }

    #[test]
    fn titles_are_broken_between_words_and_a_long_one_says_that_it_goes_on() {
        let long = "A name of eighty letters that some area has given to what it wants to come to";
        let two = lines(long, 27, 2);
        assert_eq!(two.len(), 2);
        assert!(two[1].ends_with('…'), "{two:?}");
        assert_eq!(
            lines("Whole-system governance and leadership", 24, 2),
            ["Whole-system governance", "and leadership"]
        );
        assert!(lines("", 10, 2).is_empty());
    }
}
