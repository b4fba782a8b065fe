//! What a product is to those who make vectors: one text.

/// What stands between the parts of a text.
pub const SEPARATOR: &str = " | ";

/// Characters of a description that count.
const DESCRIPTION_MOST: usize = 200;

/// What is told of a product; empty texts are nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProductText<'a> {
    /// Its title.
    pub title: &'a str,
    /// Its category.
    pub category: &'a str,
    /// Its brand.
    pub brand: &'a str,
    /// Who sells it.
    pub vendor: &'a str,
    /// Its type.
    pub product_type: &'a str,
    /// Its description.
    pub description: &'a str,
    /// Its tags, as they are written.
    pub tags: &'a str,
}

impl ProductText<'_> {
    /// The title, then what else is told with its name before it.
    pub fn text(&self) -> String {
        let description: String = self.description.trim().chars().take(DESCRIPTION_MOST).collect();
        let parts = [
            ("", self.title),
            ("Category: ", self.category),
            ("Brand: ", self.brand),
            ("Vendor: ", self.vendor),
            ("Type: ", self.product_type),
            ("", &description),
            ("Tags: ", self.tags),
        ];
        let told = parts.into_iter().map(|(name, part)| (name, part.trim())).filter(|(_, part)| !part.is_empty());
        told.map(|(name, part)| format!("{name}{part}")).collect::<Vec<_>>().join(SEPARATOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_told_is_in_the_text_and_a_description_is_cut() {
        let product = ProductText { title: " Shoe ", vendor: "Polar", tags: "run,red", ..ProductText::default() };
        assert_eq!(product.text(), "Shoe | Vendor: Polar | Tags: run,red");
        let long = "é".repeat(300);
        assert_eq!(ProductText { description: &long, ..ProductText::default() }.text().chars().count(), 200);
        assert_eq!(ProductText::default().text(), "");
    }
}
