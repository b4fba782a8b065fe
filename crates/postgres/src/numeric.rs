//! PostgreSQL's numeric, exactly: digits of base 10,000 (`numeric_send` in src/backend/utils/adt/numeric.c).

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const MINUS_INFINITY: u16 = 0xf000;

/// A number as it is sent: the i-th digit counts 10,000 to the power of `weight - i`.
pub(crate) struct Numeric<'a> {
    digits: &'a [[u8; 2]],
    weight: i32,
    sign: u16,
    /// Decimal places that are shown.
    scale: usize,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

impl<'a> Numeric<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let count = usize::from(u16_at(bytes, 0)?);
        let weight = i32::from(u16_at(bytes, 2)?.cast_signed());
        let (sign, scale) = (u16_at(bytes, 4)?, usize::from(u16_at(bytes, 6)?));
        let (digits, rest) = bytes.get(8..)?.as_chunks::<2>();
        (digits.len() == count && rest.is_empty()).then_some(Self { digits, weight, sign, scale })
    }

    /// The digit that counts 10,000 to the power of `power`.
    fn digit(&self, power: i32) -> u16 {
        let at = usize::try_from(self.weight - power).ok();
        at.and_then(|at| self.digits.get(at)).map_or(0, |digit| u16::from_be_bytes(*digit))
    }

    /// Writes it as PostgreSQL does: `-12.50`, `NaN`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self.sign {
            NAN => return out.extend_from_slice(b"NaN"),
            INFINITY => return out.extend_from_slice(b"Infinity"),
            MINUS_INFINITY => return out.extend_from_slice(b"-Infinity"),
            NEGATIVE => out.push(b'-'),
            _ => {}
        }
        let highest = self.weight.max(0);
        for power in (0..=highest).rev() {
            let digit = self.digit(power);
            let text = if power == highest { digit.to_string() } else { format!("{digit:04}") };
            out.extend_from_slice(text.as_bytes());
        }
        if self.scale == 0 {
            return;
        }
        out.push(b'.');
        let end = out.len() + self.scale;
        for place in 1.. {
            if out.len() >= end {
                break;
            }
            out.extend_from_slice(format!("{:04}", self.digit(-place)).as_bytes());
        }
        out.truncate(end);
    }

    /// The value times ten to the power of `places` (0 to 4); an error where that is no whole number of 64 bits.
    pub(crate) fn scaled(&self, places: u32) -> Result<i64, &'static str> {
        if matches!(self.sign, NAN | INFINITY | MINUS_INFINITY) {
            return Err("not a finite number");
        }
        let mut value: i128 = 0;
        for power in (-1..=self.weight.max(0)).rev() {
            let digit = i128::from(self.digit(power));
            value = value.checked_mul(10_000).and_then(|value| value.checked_add(digit)).ok_or("too large")?;
        }
        let lower = usize::try_from(self.weight + 2).unwrap_or_default();
        let has_more = self.digits.get(lower..).is_some_and(|digits| digits.iter().any(|digit| *digit != [0, 0]));
        let unit = 10_i128.pow(4_u32.saturating_sub(places));
        if has_more || value % unit != 0 {
            return Err(if places == 0 { "a fraction in an integer column" } else { "more than two decimal places" });
        }
        let value = if self.sign == NEGATIVE { -value } else { value };
        i64::try_from(value / unit).map_err(|_| "too large")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(weight: i16, sign: u16, scale: u16, digits: &[u16]) -> Vec<u8> {
        let head = [u16::try_from(digits.len()).unwrap(), weight.cast_unsigned(), sign, scale];
        head.iter().chain(digits).flat_map(|part| part.to_be_bytes()).collect()
    }

    fn text(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        Numeric::new(bytes).unwrap().write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_and_scaled_exactly() {
        for (bytes, shown, cents) in [
            (sent(0, 0, 2, &[12, 5000]), "12.50", Ok(1250)),
            (sent(1, NEGATIVE, 2, &[1, 0, 500]), "-10000.05", Ok(-1_000_005)),
            (sent(-1, 0, 4, &[1]), "0.0001", Err("more than two decimal places")),
            (sent(-1, 0, 2, &[500]), "0.05", Ok(5)),
            (sent(-2, 0, 6, &[100]), "0.000001", Err("more than two decimal places")),
            (sent(0, 0, 3, &[1, 1000]), "1.100", Ok(110)),
            (sent(2, 0, 0, &[1]), "100000000", Ok(10_000_000_000)),
            (sent(0, 0, 0, &[]), "0", Ok(0)),
            (sent(0, NAN, 0, &[]), "NaN", Err("not a finite number")),
            (sent(9, 0, 0, &[1]), "1000000000000000000000000000000000000", Err("too large")),
        ] {
            assert_eq!(text(&bytes), shown);
            assert_eq!(Numeric::new(&bytes).unwrap().scaled(2), cents, "{shown}");
        }
        assert_eq!(Numeric::new(&sent(0, 0, 1, &[7, 5000])).unwrap().scaled(0), Err("a fraction in an integer column"));
        assert!(Numeric::new(&[0, 1, 0, 0]).is_none());
    }
}
