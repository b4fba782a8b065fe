//! Numbers as people read them.

/// 1234567 → 1,234,567.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with as many decimals as it needs, at most three of worth: 1765 → 1,765; 0.88412 → 0.884; 12.5 → 12.5.
pub fn spelled(number: f64) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    let sign = if number < 0.0 { "−" } else { "" };
    let size = number.abs();
    if size >= 1e15 {
        return format!("{sign}{size:.3e}");
    }
    let decimals: usize = match size {
        size if size >= 1000.0 || size.fract() == 0.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        size if size >= 0.001 => 3,
        _ => 6,
    };
    let text = format!("{size:.decimals$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let whole = count(whole.parse().unwrap_or(0));
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// 0.0123 → 12 ms; 75.2 → 1 min 15 s.
pub fn seconds(seconds: f64) -> String {
    if seconds < 0.9995 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = seconds.round();
        format!("{:.0} min {:02.0} s", (whole / 60.0).floor(), whole % 60.0)
    }
}

/// 1536 → 1.5 KiB.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub fn bytes(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    if unit == "B" || size >= 100.0 { format!("{size:.0} {unit}") } else { format!("{size:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        let of = [
            (0.0, "0"),
            (1765.0, "1,765"),
            (-3.0, "−3"),
            (0.88412, "0.884"),
            (12.5, "12.5"),
            (123.456, "123.5"),
            (1234.56, "1,235"),
            (0.000_012, "0.000012"),
            (f64::NAN, "–"),
            (1e18, "1.000e18"),
        ];
        for (number, text) in of {
            assert_eq!(spelled(number), text);
        }
    }

    #[test]
    fn times_and_sizes_have_a_unit() {
        assert_eq!(
            (seconds(0.0123), seconds(2.34), seconds(75.2)),
            ("12 ms".into(), "2.3 s".into(), "1 min 15 s".into())
        );
        assert_eq!(seconds(59.97), "1 min 00 s");
        assert_eq!((bytes(12), bytes(1536), bytes(400 << 20)), ("12 B".into(), "1.5 KiB".into(), "400 MiB".into()));
    }
}
