//! The digits of a text: where they stand in runs, and which runs belong together. UUIDs and dates of this century are out
//! of sight, so that their digits are not part of anything.

/// One run of digits in a text: where it starts and ends, by character.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    start: usize,
    end: usize,
}

impl Run {
    /// How many digits it has.
    pub fn len(&self) -> usize {
        self.end - self.start
    }
}

/// A text without what is out of sight, and its runs of digits.
#[derive(Debug)]
pub struct Marks {
    /// The characters; those out of sight are replaced.
    pub chars: Vec<char>,
    /// The runs, in order.
    pub runs: Vec<Run>,
}

/// Stands for a character that is out of sight.
const HIDDEN: char = '\u{fffd}';
/// The most characters between two groups of a number.
const MAX_BETWEEN: usize = 3;

/// The dates that are out of sight, in the order in which they are looked for.
const DATES: [&[u8]; 8] = [
    b"20dd-md-dd",
    b"20dd/md/dd",
    b"20dd.md.dd",
    b"20dd-md",
    b"20dd/md",
    b"dd/md/20dd",
    b"dd-md-20dd",
    b"dd.md.20dd",
];

/// The value of a digit, in the scripts in which people here write them.
pub fn digit(c: char) -> Option<u8> {
    let value = match c {
        '0'..='9' => u32::from(c) - u32::from('0'),
        // Full-width, Arabic-Indic and extended Arabic-Indic digits read as numbers too.
        '\u{ff10}'..='\u{ff19}' => u32::from(c) - 0xff10,
        '\u{660}'..='\u{669}' => u32::from(c) - 0x660,
        '\u{6f0}'..='\u{6f9}' => u32::from(c) - 0x6f0,
        _ => return None,
    };
    u8::try_from(value).ok()
}

impl Marks {
    /// The digits of a text.
    pub fn of(text: &str) -> Self {
        let mut chars: Vec<char> = text.chars().collect();
        hide(&mut chars, b"hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh");
        let of_this_century = chars.windows(2).any(|two| two == ['2', '0']);
        for date in DATES.iter().filter(|_| of_this_century) {
            hide(&mut chars, date);
        }
        let mut runs: Vec<Run> = Vec::new();
        for (at, c) in chars.iter().enumerate() {
            if digit(*c).is_some() {
                match runs.last_mut() {
                    Some(run) if run.end == at => run.end = at + 1,
                    _ => runs.push(Run {
                        start: at,
                        end: at + 1,
                    }),
                }
            }
        }
        Self { chars, runs }
    }

    /// How many digits are in sight.
    pub fn digits_in_sight(&self) -> usize {
        self.runs.iter().map(Run::len).sum()
    }

    /// The digits of a run.
    pub fn digits(&self, run: &Run) -> Vec<u8> {
        let chars = &self.chars[run.start..run.end];
        chars.iter().filter_map(|c| digit(*c)).collect()
    }

    /// The word of letters and digits that a run stands in.
    fn word(&self, run: &Run) -> &[char] {
        let (before, after) = (&self.chars[..run.start], &self.chars[run.end..]);
        let start = before.iter().rposition(|c| !c.is_alphanumeric());
        let end = after.iter().position(|c| !c.is_alphanumeric());
        let end = end.map_or(self.chars.len(), |at| run.end + at);
        &self.chars[start.map_or(0, |at| at + 1)..end]
    }

    /// Whether a run stands within sixteen or more hexadecimal digits, letters among them.
    pub fn is_long_hex(&self, run: &Run) -> bool {
        let word = self.word(run);
        word.len() >= 16
            && word.iter().all(char::is_ascii_hexdigit)
            && word.iter().any(char::is_ascii_alphabetic)
    }

    /// Whether a run stands in a word that looks as if it were made at random.
    pub fn is_random(&self, run: &Run) -> bool {
        let word = self.word(run);
        let letters = word.iter().filter(|c| c.is_alphabetic()).count();
        self.is_long_hex(run) || (word.len() >= 16 && letters >= 4)
    }

    /// What stands between a run and the next, where that may stand within a number.
    fn between(&self, at: usize) -> Option<&[char]> {
        let (one, next) = (self.runs.get(at)?, self.runs.get(at + 1)?);
        let between = &self.chars[one.end..next.start];
        let joins = |c: &char| !c.is_alphanumeric() && *c != HIDDEN;
        ((1..=MAX_BETWEEN).contains(&between.len()) && between.iter().all(joins)).then_some(between)
    }

    /// The digits of groups as the NHS writes its numbers, whatever stands between them.
    pub fn grouped(&self) -> impl Iterator<Item = Vec<u8>> {
        const SHAPES: [&[usize]; 3] = [&[3, 3, 4], &[3, 7], &[6, 4]];
        (0..self.runs.len()).flat_map(move |at| {
            SHAPES.into_iter().filter_map(move |shape| {
                let runs = self.runs.get(at..at + shape.len())?;
                let fits = runs.iter().map(Run::len).eq(shape.iter().copied());
                let is_joined = (at..at + shape.len() - 1).all(|at| self.between(at).is_some());
                (fits && is_joined).then(|| self.all_digits(runs))
            })
        })
    }

    /// The digits of groups of 3-3-4 with a word between them, the same twice, or with a letter between them in a word
    /// that is not made at random.
    pub fn spoken(&self) -> impl Iterator<Item = Vec<u8>> {
        const MAX_WORD: usize = 7;
        self.runs.windows(3).filter_map(|runs| {
            let [one, two, three] = runs else { return None };
            let fits = runs.iter().map(Run::len).eq([3, 3, 4]);
            let first = &self.chars[one.end..two.start];
            let second = &self.chars[two.end..three.start];
            let is_word = first == second && first.len() <= MAX_WORD && !first.contains(&HIDDEN);
            let is_letter = |between: &[char]| matches!(between, [c] if c.is_alphabetic());
            let are_letters = is_letter(first) && is_letter(second) && !self.is_random(one);
            let digits = self.all_digits(runs);
            // A year behind two numbers is a year.
            let is_year = matches!(digits.get(6..), Some([1, 9, ..] | [2, 0, ..]));
            (fits && ((is_word && !is_year && !self.is_random(one)) || are_letters))
                .then_some(digits)
        })
    }

    /// The digits of any groups with the same between all of them, of ten to twelve digits.
    pub fn joined(&self) -> impl Iterator<Item = Vec<u8>> {
        const MAX_DIGITS: usize = 12;
        (0..self.runs.len()).flat_map(move |from| {
            let first = self.between(from);
            let mut digits = self.runs[from].len();
            let more = (from + 1..self.runs.len()).take_while(move |to| {
                digits += self.runs[*to].len();
                digits <= MAX_DIGITS && first.is_some() && self.between(to - 1) == first
            });
            more.map(move |to| self.all_digits(&self.runs[from..=to]))
                .filter(|digits| digits.len() >= 10)
        })
    }

    fn all_digits(&self, runs: &[Run]) -> Vec<u8> {
        runs.iter().flat_map(|run| self.digits(run)).collect()
    }
}

/// Puts every place out of sight that has a shape: `h` is a hexadecimal digit, `d` a digit, `md` a month, and the rest
/// stands for itself. Digits that go on beside it make it something else.
fn hide(chars: &mut [char], shape: &[u8]) {
    let mut at = 0;
    while at + shape.len() <= chars.len() {
        let end = at + shape.len();
        let is_digit = |place: Option<&char>| place.is_some_and(char::is_ascii_digit);
        let is_alone = shape[0] == b'h'
            || !is_digit(at.checked_sub(1).and_then(|before| chars.get(before)))
                && !is_digit(chars.get(end));
        if is_alone && fits(&chars[at..end], shape) {
            chars[at..end].fill(HIDDEN);
            at = end;
        } else {
            at += 1;
        }
    }
}

fn fits(chars: &[char], shape: &[u8]) -> bool {
    let each = chars.iter().zip(shape).all(|(c, wanted)| match wanted {
        b'h' => c.is_ascii_hexdigit(),
        b'd' => c.is_ascii_digit(),
        b'm' => matches!(c, '0' | '1'),
        other => *c == char::from(*other),
    });
    let month = shape.iter().position(|c| *c == b'm');
    each && month.is_none_or(|at| match (chars[at], chars[at + 1]) {
        ('0', ones) => ones != '0',
        (_, ones) => ones <= '2',
    })
}
