//! Keys of a keyboard, as the browser's protocol names them.

/// A key that does something where it is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A digit, 0 to 9; what is above is a nine.
    Digit(u8),
    /// Tab.
    Tab,
    /// Shift and Tab: back.
    ShiftTab,
    /// Enter.
    Enter,
    /// The space bar.
    Space,
    /// Escape.
    Escape,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
}

/// The digits of the upper row.
const DIGITS: [(&str, &str, u32, &str); 10] = [
    ("0", "Digit0", 48, "0"),
    ("1", "Digit1", 49, "1"),
    ("2", "Digit2", 50, "2"),
    ("3", "Digit3", 51, "3"),
    ("4", "Digit4", 52, "4"),
    ("5", "Digit5", 53, "5"),
    ("6", "Digit6", 54, "6"),
    ("7", "Digit7", 55, "7"),
    ("8", "Digit8", 56, "8"),
    ("9", "Digit9", 57, "9"),
];

impl Key {
    /// `key`, `code`, virtual key code and the text it produces.
    pub(super) fn codes(self) -> (&'static str, &'static str, u32, &'static str) {
        match self {
            Self::Digit(digit) => DIGITS[usize::from(digit.min(9))],
            Self::Tab | Self::ShiftTab => ("Tab", "Tab", 9, ""),
            Self::Enter => ("Enter", "Enter", 13, "\r"),
            Self::Space => (" ", "Space", 32, " "),
            Self::Escape => ("Escape", "Escape", 27, ""),
            Self::Up => ("ArrowUp", "ArrowUp", 38, ""),
            Self::Down => ("ArrowDown", "ArrowDown", 40, ""),
            Self::Left => ("ArrowLeft", "ArrowLeft", 37, ""),
            Self::Right => ("ArrowRight", "ArrowRight", 39, ""),
            Self::Home => ("Home", "Home", 36, ""),
            Self::End => ("End", "End", 35, ""),
        }
    }

    /// The protocol's bit field of modifier keys held: 8 is Shift.
    pub(super) fn modifiers(self) -> u32 {
        if self == Self::ShiftTab { 8 } else { 0 }
    }
}
