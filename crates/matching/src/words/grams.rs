//! Runs of three and four letters of a text, as numbers of sixteen bits.

use super::lists::sort_distinct;

/// How many numbers there are; two runs may share one, which blurs a cosine a little and keeps tables small.
pub const BUCKETS: usize = 1 << 16;

/// A hash of bytes (FNV-1a, 64 bits), the same on every machine.
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Sets `out` to the runs of `texts`, sorted, each once. Between words is one space, whatever stood there.
pub fn grams(texts: &[&str], out: &mut Vec<u16>) {
    out.clear();
    let mut plain: Vec<u8> = vec![b' '];
    for text in texts {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || byte >= 0x80 {
                plain.push(byte);
            } else if plain.last() != Some(&b' ') {
                plain.push(b' ');
            }
        }
        if plain.last() != Some(&b' ') {
            plain.push(b' ');
        }
    }
    for length in 3..=4 {
        out.extend(plain.windows(length).map(|run| {
            let hash = hash(run);
            (hash ^ (hash >> 32) ^ (hash >> 16)) as u16
        }));
    }
    sort_distinct(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_is_a_space_and_order_of_texts_matters_little() {
        let of = |texts: &[&str]| {
            let mut out = Vec::new();
            grams(texts, &mut out);
            out
        };
        assert_eq!(of(&["wi-fi  box"]), of(&["wi fi", "box"]));
        assert_eq!(of(&["ab"]).len(), 3);
        assert!(of(&[""]).is_empty());
    }
}
