//! Samples pushed into a Prometheus, staleness markers among them, which no text format can write: the message of its
//! remote-write protocol, made by hand.

/// What Prometheus takes for the end of a series.
pub fn stale() -> f64 {
    f64::from_bits(0x7ff0_0000_0000_0002)
}

/// A series and its samples: seconds since 1970 in milliseconds, and values.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Names and values of its labels, `__name__` among them.
    pub labels: Vec<(String, String)>,
    /// The samples, the oldest first.
    pub samples: Vec<(i64, f64)>,
}

/// The body of a request that writes series.
pub fn body(all: &[Written]) -> Vec<u8> {
    let mut message = Vec::new();
    for series in all {
        let mut labels = series.labels.clone();
        labels.sort();
        let mut one = Vec::new();
        for (name, value) in labels {
            let mut label = Vec::new();
            field(&mut label, 1, name.as_bytes());
            field(&mut label, 2, value.as_bytes());
            field(&mut one, 1, &label);
        }
        for (at, value) in &series.samples {
            let mut sample = vec![(1 << 3) | 1];
            sample.extend(value.to_bits().to_le_bytes());
            sample.push(2 << 3);
            number(&mut sample, u64::from_ne_bytes(at.to_ne_bytes()));
            field(&mut one, 2, &sample);
        }
        field(&mut message, 1, &one);
    }
    compressed(&message)
}

/// Headers that go with it.
pub const HEADERS: [(&str, &str); 3] = [
    ("content-encoding", "snappy"),
    ("content-type", "application/x-protobuf"),
    ("x-prometheus-remote-write-version", "0.1.0"),
];

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn field(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push((tag << 3) | 2);
    number(out, bytes.len() as u64);
    out.extend(bytes);
}

/// The block format of snappy, with literals only.
fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 1_000 + 16);
    number(&mut out, bytes.len() as u64);
    for part in bytes.chunks(60_000) {
        out.push(61 << 2);
        out.extend(((part.len() - 1) as u16).to_le_bytes());
        out.extend(part);
    }
    out
}
