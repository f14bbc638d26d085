//! Keys of a keyboard, as the browser wants them told.

/// A key that is not a character to be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
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

impl Key {
    /// `key`, `code`, virtual key code and the text it produces.
    pub(super) fn codes(self) -> (&'static str, &'static str, u32, &'static str) {
        match self {
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
