//! Titles of styles and their variants, and the small edits a retailer makes to a title over time.

use crate::dice::Dice;

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "Willa", "Willem", "Marais", "Adeline", "Zoë", "Celeste", "Rosalind", "Ines", "Margaux", "Odette", "Talia",
    "Freya", "Juniper", "Amara", "Delphine", "Esme", "Harlow", "Isolde", "Lucinda", "Naomi", "Ottilie", "Petra",
    "Quinn", "Romy", "Saskia", "Thea", "Ursula", "Violetta", "Wren", "Xenia", "Yara", "Zinnia", "Anouk", "Beatrix",
    "Clementine", "Dahlia", "Émilie", "Fleur", "Greta", "Hazel", "Imogen", "Jolie", "Katya", "Linnea", "Maeve",
    "Noor", "Ophelia", "Paloma", "Ramona", "Simone", "Tatum", "Uma", "Vera", "Winona", "Solène", "Brigitte",
    "Camille", "Daphne", "Elodie", "Florence", "Georgia", "Henrietta", "Iris", "Josephine", "Kiera", "Lorelei",
    "Matilda", "Nadia", "Orla", "Penelope", "Rosalie", "Sabine", "Tamsin", "Valentina", "Whitney", "Ada", "Bettina",
    "Cosima", "Dorothea", "Elspeth", "Francesca", "Ginevra", "Hollis", "Ingrid", "Jasmine", "Kendall", "Leonie",
    "Mirabel", "Nell", "Oriane", "Philippa", "Raphaëlle", "Sunniva", "Tova", "Vivienne", "Wilhelmina", "Agnes",
    "Blanche", "Corinne", "Dulcie", "Eleanor", "Frida", "Gwendolyn", "Hattie", "Ilse", "June", "Klara", "Lottie",
];

#[rustfmt::skip]
const DETAILS: &[&str] = &[
    "Pleated", "Satin", "Lace", "Floral", "Ruffled", "Linen", "Ribbed", "Smocked", "Wrap", "Tiered", "Silk", "Knit",
    "Embroidered", "Off The Shoulder", "Cut Out", "Halter", "Velvet", "Crochet", "Sequin", "Striped", "Puff Sleeve",
    "Long Sleeve", "Square Neck", "Cotton Poplin", "Belted", "Draped", "Asymmetric", "Backless", "Eyelet",
    "Gingham", "Mesh", "Organza", "Feather Trim", "Keyhole", "Mock Neck", "One Shoulder", "Polka Dot", "Quilted",
    "Scalloped", "Tie Front", "Appliqué", "Chiffon", "Corduroy", "Denim", "Jacquard", "Utility", "Tweed", "Crinkle",
    "Boat Neck", "Bow Back",
];

const LENGTHS: &[&str] = &["Midi", "Maxi", "Mini"];

#[rustfmt::skip]
const GARMENTS: &[&str] = &[
    "Dress", "Dress", "Dress", "Top", "Skirt", "Blouse", "Gown", "Jumpsuit", "Sweater", "Cardigan", "Shirt Dress",
    "Slip Dress", "Sweater Dress", "Tunic", "Kaftan", "Coat",
];

#[rustfmt::skip]
const COLOURS: &[&str] = &[
    "Black", "White", "Ivory", "Navy", "Red", "Blush", "Sage", "Dusty Rose", "Cobalt", "Emerald", "Champagne",
    "Terracotta", "Lilac", "Olive", "Chocolate", "Mustard", "Burgundy", "Sky Blue", "Zebra", "Natural", "Coral",
    "Charcoal", "Lavender", "Rust", "Mint", "Fuchsia", "Cream", "Light Blue", "Dark Green", "Crème Brûlée", "Sand",
    "Bordeaux", "Peach", "Indigo", "Leopard", "Silver", "Gold", "Pale Pink", "Hot Pink", "Off White",
];

const SIZES: &[&str] = &["Petite", "Tall", "Plus", "Maternity"];

/// Brands on sale at the retailers, the common ones first.
#[rustfmt::skip]
const BRANDS: &[&str] = &[
    "House of Vale", "Free Meadow", "Astor & Finch", "Lune", "Alder Lane", "Maison Rive", "Self Made", "Sable",
    "Kestrel", "Norma Bell", "Petit Jour", "Coast Road", "Wildthyme", "Belle Époque", "Ann & Otto", "Tallow",
    "Yellow House", "Greyfriars", "Nine Mile", "Ostara",
];

/// What the variants of one style share.
pub struct Style {
    name: &'static str,
    detail: &'static str,
    second_detail: Option<&'static str>,
    length: Option<&'static str>,
    garment: &'static str,
    /// What stands between the garment and the colour; nothing when the retailer leaves the colour out.
    separator: Option<&'static str>,
    /// Who made it.
    pub brand: &'static str,
    long_tail: bool,
}

impl Style {
    /// A new style. The number of different styles grows a little more slowly than the rows: names repeat, as in a shop.
    pub fn new(dice: &mut Dice) -> Self {
        let garment = dice.pick(GARMENTS);
        let dress = garment.ends_with("Dress") || garment == "Skirt" || garment == "Gown";
        Self {
            name: dice.pick_early(NAMES),
            detail: dice.pick_early(DETAILS),
            second_detail: dice.permille(300).then(|| dice.pick(DETAILS)),
            length: (dress && dice.permille(750)).then(|| dice.pick(LENGTHS)),
            garment,
            separator: match dice.below(100) {
                0..64 => Some(" in "),
                64..84 => Some(" - "),
                84..96 => Some(" | "),
                _ => None,
            },
            brand: dice.pick_early(BRANDS),
            long_tail: dice.permille(1) && dice.permille(300),
        }
    }

    /// A variant: the same style in another colour, and now and then in another length or size.
    pub fn variant(&self, colour: &'static str, dice: &mut Dice) -> String {
        let mut words = Vec::with_capacity(8);
        if dice.permille(60) {
            words.push(dice.pick(SIZES));
        }
        words.extend([self.name, self.detail]);
        words.extend(self.second_detail);
        if self.length.is_some() {
            words.extend(if dice.permille(120) { Some(dice.pick(LENGTHS)) } else { self.length });
        }
        words.push(self.garment);
        let mut title = words.join(" ");
        if let Some(separator) = self.separator {
            title.push_str(separator);
            title.push_str(colour);
        }
        if self.long_tail {
            title.push_str(&" with detachable belt, matching scarf and a second lining".repeat(4));
        }
        title
    }
}

/// A colour that `taken` lacks, the common ones first; after a few tries, any.
pub fn colour(taken: &[&str], dice: &mut Dice) -> &'static str {
    let mut colour = dice.pick_early(COLOURS);
    for _ in 0..8 {
        if !taken.contains(&colour) {
            break;
        }
        colour = dice.pick(COLOURS);
    }
    colour
}

/// The title after a small edit: a person sees at once that it is the same product, and the similarity stays high.
pub fn lightly_edited(title: &str, dice: &mut Dice) -> String {
    match dice.below(10) {
        0 => title.to_lowercase(),
        1 => format!("{title} "),
        2 => title.replacen(" in ", " - ", 1) + if title.contains(" in ") { "" } else { " II" },
        3 => title.replacen(' ', "-", 1),
        4 => title.replacen(" in ", " ", 1) + if title.contains(" in ") { "" } else { "." },
        5 => format!("The {title}"),
        6 => without_one_letter(title, dice),
        7 => with_two_letters_swapped(title, dice),
        8 => title.replacen(" Dress", " Dresses", 1) + if title.contains(" Dress") { "" } else { "*" },
        _ => title.to_uppercase() + "!",
    }
}

/// The title written anew: no rule on letters will know it again.
pub fn rewritten(title: &str, brand: &str, dice: &mut Dice) -> String {
    let words: Vec<&str> = title.split(' ').collect();
    match dice.below(3) {
        0 => format!("{brand} {title}"),
        1 => words.iter().rev().copied().collect::<Vec<_>>().join(" "),
        _ => words.iter().take(2).copied().collect::<Vec<_>>().join(" "),
    }
}

fn without_one_letter(title: &str, dice: &mut Dice) -> String {
    let dropped = dice.below(title.chars().count().max(1) as u32) as usize;
    title.chars().enumerate().filter(|(at, _)| *at != dropped).map(|(_, letter)| letter).collect()
}

fn with_two_letters_swapped(title: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = title.chars().collect();
    if letters.len() > 1 {
        let at = dice.below(letters.len() as u32 - 1) as usize;
        letters.swap(at, at + 1);
    }
    letters.into_iter().collect()
}

/// The words of a title as they stand in a URL: ASCII letters and digits in lower case with hyphens between.
pub fn slug(title: &str) -> String {
    let mut slug = String::with_capacity(title.len());
    for letter in title.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if letter.is_ascii() && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 80 {
            break;
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_only_letters_digits_and_single_hyphens() {
        assert_eq!(slug("Zoë Off The  Shoulder - Crème Brûlée!"), "zo-off-the-shoulder-crme-brle");
        assert_eq!(slug(""), "");
    }

    #[test]
    fn edits_keep_unicode_titles_whole() {
        let mut dice = Dice::new(5, 0);
        for _ in 0..200 {
            assert!(lightly_edited("Zoë – Soirée Kleid", &mut dice).chars().count() >= 17);
            rewritten("Zoë", "Lune", &mut dice);
            lightly_edited("", &mut dice);
        }
    }
}
