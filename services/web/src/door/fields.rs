//! The fields of forms and addresses, in the form in which browsers send both.

/// The fields of a form, as a browser sends them.
#[must_use]
pub fn fields(body: &[u8]) -> Vec<(String, String)> {
    body.split(|b| *b == b'&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let at = part.iter().position(|b| *b == b'=').unwrap_or(part.len());
            (
                decoded(&part[..at]),
                decoded(part.get(at + 1..).unwrap_or_default()),
            )
        })
        .collect()
}

fn decoded(text: &[u8]) -> String {
    let hex = |b: Option<&u8>| {
        b.and_then(|b| char::from(*b).to_digit(16))
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, hex(text.get(at + 1)), hex(text.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 2;
            }
            (b'+', _, _) => out.push(b' '),
            (other, _, _) => out.push(*other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_code_at_the_end_does_no_harm() {
        assert_eq!(decoded(b"50%"), "50%");
        assert_eq!(decoded(b"%4"), "%4");
    }
}
