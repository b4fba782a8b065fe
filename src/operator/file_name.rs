//! What the name of a file says of its bytes, in any case of letters.

/// How the bytes of a file are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// They are as they are.
    None,
    /// By gzip.
    Gzip,
    /// By Zstandard.
    Zstd,
}

impl Packing {
    /// How a file of this name is packed, and the name without the ending that says so.
    pub fn of(name: &str) -> (Self, &str) {
        for (ending, packing) in [(".gz", Self::Gzip), (".zst", Self::Zstd)] {
            if let Some(unpacked) = without_ending(name, ending) {
                return (packing, unpacked);
            }
        }
        (Self::None, name)
    }
}

/// Whether a name has this ending, which stands in lower case.
pub fn has_ending(name: &str, ending: &str) -> bool {
    without_ending(name, ending).is_some()
}

fn without_ending<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let start = name.len().checked_sub(ending.len())?;
    let (before, end) = name.split_at_checked(start)?;
    end.eq_ignore_ascii_case(ending).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_count_in_any_case_and_only_at_the_end() {
        for (name, packing, unpacked) in [
            ("a/O.CSV.GZ", Packing::Gzip, "a/O.CSV"),
            ("o.csv.Zst", Packing::Zstd, "o.csv"),
            ("o.csv.gz.zst", Packing::Zstd, "o.csv.gz"),
            ("o.gz.csv", Packing::None, "o.gz.csv"),
            ("gz", Packing::None, "gz"),
            ("größe", Packing::None, "größe"),
            ("", Packing::None, ""),
        ] {
            assert_eq!(Packing::of(name), (packing, unpacked), "{name}");
        }
        assert!(has_ending("o.Parquet", ".parquet") && has_ending("ÄÖ.CSV", ".csv"));
        assert!(!has_ending("o.parquet.bak", ".parquet") && !has_ending("csv", ".csv") && !has_ending("äöü", ".csv"));
    }
}
