//! What differs between a catalog row and a product, in words.

use super::rows::Sides;

/// The words of both titles that the other lacks, and the prices where they differ: `Midi → Mini; 70.00 → 69.50`.
/// The catalog row is on the left. Nothing where nothing differs but case, order or punctuation.
pub fn differences(sides: &Sides<'_>, row: usize, product: usize) -> Option<String> {
    let (catalog, products) = (&sides.catalog, &sides.products);
    let mut told = Vec::new();
    if let (Some(a), Some(b)) = (catalog.title(row), products.title(product)) {
        let (only_a, only_b) = (lacking(a, b), lacking(b, a));
        if !(only_a.is_empty() && only_b.is_empty()) {
            told.push(format!("{} → {}", shown(&only_a), shown(&only_b)));
        }
    }
    if let (Some(a), Some(b)) = (catalog.prices[row], products.prices[product])
        && a != b
    {
        told.push(format!("{a:.2} → {b:.2}"));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

fn words(title: &str) -> impl Iterator<Item = &str> {
    title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// The words of `a` that are not among those of `b`, each as often as it is missing.
fn lacking<'a>(a: &'a str, b: &str) -> Vec<&'a str> {
    let mut there: Vec<String> = words(b).map(str::to_lowercase).collect();
    words(a)
        .filter(|word| match there.iter().position(|other| *other == word.to_lowercase()) {
            Some(at) => {
                there.swap_remove(at);
                false
            }
            None => true,
        })
        .collect()
}

fn shown(words: &[&str]) -> String {
    if words.is_empty() { "–".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_missing_as_often_as_they_are_fewer() {
        assert_eq!(lacking("Red red Dress, no. 7", "RED dress"), ["red", "no", "7"]);
        assert_eq!(lacking("red dress", "Dress (red)"), [""; 0]);
        assert_eq!((shown(&[]), shown(&["Mini", "Navy"])), ("–".to_owned(), "Mini Navy".to_owned()));
    }
}
