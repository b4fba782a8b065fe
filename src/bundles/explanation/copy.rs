//! What the shop says of a bundle: texts from templates.

use serde::{Deserialize, Serialize};

use crate::bundles::{
    bundle_type::BundleType,
    money::Cents,
    pricing::{Pricing, Terms},
};

/// The texts of a bundle (`ai_copy`, section 10.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleCopy {
    /// A word or three on the picture.
    pub badge: String,
    /// At most 60 characters.
    pub title: String,
    /// At most 220 characters.
    pub description: String,
    /// Why to buy it, at most 160 characters.
    #[serde(rename = "valueProposition")]
    pub value_proposition: String,
    /// Why it is offered.
    pub explanation: String,
    /// What it has.
    pub features: Vec<String>,
    /// What a customer has of it.
    pub benefits: Vec<String>,
    /// A line below the title.
    pub tagline: String,
    /// On the button.
    pub cta_text: String,
    /// What is saved.
    pub savings_message: String,
    /// Where it is shown: `product`, `cart`.
    pub show_on: Vec<String>,
    /// Whether it is shown.
    pub is_active: bool,
    /// Who wrote it: `template`, or the model.
    pub source: String,
}

const TITLE_MOST: usize = 60;
const DESCRIPTION_MOST: usize = 220;
const VALUE_MOST: usize = 160;

/// What must not be promised (section 10.4).
const NOT_PROMISED: [&str; 5] = ["100% guarantee", "risk-free", "free money", "instant weight loss", "miracle cure"];

/// What texts are made of.
#[derive(Clone, Copy, Debug)]
pub struct CopyInput<'a> {
    /// The type of the bundle.
    pub bundle_type: BundleType,
    /// The names of its items, the trigger first.
    pub names: &'a [&'a str],
    /// Its price.
    pub pricing: &'a Pricing,
    /// The currency, in three letters.
    pub currency: &'a str,
    /// Why it is offered.
    pub explanation: &'a str,
}

impl BundleCopy {
    /// The texts by the template of the type; the same for the same input.
    pub fn of_template(input: &CopyInput) -> Self {
        let name = |at: usize| input.names.get(at).map_or_else(|| "Bundle".to_owned(), |name| short_name(name));
        let (first, second) = (name(0), name(1));
        let percent = input.pricing.greatest_percent().value().round();
        let save = money(input.pricing.discount(), input.currency);
        let number = input.names.len();
        let (badge, title, description) = match (input.bundle_type, &input.pricing.terms) {
            (BundleType::Volume, _) => (
                "BUY MORE SAVE MORE",
                format!("{first}: multi-buy"),
                format!("Take more {first} and save up to {percent}%."),
            ),
            (_, Terms::Bogo(bogo)) => {
                let (buy, get, off) = (bogo.buy_quantity, bogo.get_quantity, bogo.percent.value());
                let how = if off >= 100.0 { "free".to_owned() } else { format!("at {off}% off") };
                let of = if number > 1 {
                    format!("Buy {first} and get {second} {how}.")
                } else {
                    format!("Buy {buy} {first} and get {get} more {how}.")
                };
                ("BONUS DEAL", format!("Buy {buy}, get {get} {how}"), of)
            }
            (BundleType::MixMatch, _) => (
                "MIX & MATCH",
                format!("Pick any {number}: {first} range"),
                format!("Pick what you like of {number} that go together and save {percent}%."),
            ),
            (BundleType::Fixed, _) => {
                ("BUNDLE & SAVE", format!("{first} set"), format!("{first} and {second} as a set, {percent}% off."))
            }
            (BundleType::Fbt | BundleType::Bogo, _) => {
                let saving = if percent > 0.0 { format!("and save {percent}%") } else { "in one order".to_owned() };
                let text = format!("{first} goes well with {second}: take all {number} {saving}.");
                ("BOUGHT TOGETHER", format!("{first} + {second}"), text)
            }
        };
        let savings_message = match input.pricing.discount() {
            // Nothing is promised where nothing is saved.
            Cents::ZERO if percent <= 0.0 => "All you need".to_owned(),
            Cents::ZERO => format!("Save up to {percent}%"),
            _ => format!("Save {save} ({percent}%)"),
        };
        Self {
            badge: badge.to_owned(),
            title,
            value_proposition: format!("{savings_message}, with everything in one order."),
            description,
            explanation: input.explanation.to_owned(),
            features: input.names.iter().take(3).map(|name| short_name(name)).collect(),
            benefits: vec![savings_message.clone(), "One order, one parcel".to_owned()],
            tagline: "Better together".to_owned(),
            cta_text: "Add to cart".to_owned(),
            savings_message,
            show_on: show_on(input.bundle_type),
            is_active: true,
            source: "template".to_owned(),
        }
        .within_limits()
    }

    /// The texts, cut to what is published.
    pub fn within_limits(mut self) -> Self {
        self.title = cut(&self.title, TITLE_MOST);
        self.description = cut(&self.description, DESCRIPTION_MOST);
        self.value_proposition = cut(&self.value_proposition, VALUE_MOST);
        self
    }

    /// All texts that customers read.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let single = [&self.badge, &self.title, &self.description, &self.value_proposition, &self.explanation];
        let more = [&self.tagline, &self.cta_text, &self.savings_message];
        let lists = self.features.iter().chain(&self.benefits);
        single.into_iter().chain(more).chain(lists).map(String::as_str)
    }
}

/// Where a type is shown.
fn show_on(bundle_type: BundleType) -> Vec<String> {
    match bundle_type {
        BundleType::Volume => vec!["product".to_owned()],
        _ => vec!["product".to_owned(), "cart".to_owned()],
    }
}

/// What texts promise that must not be promised; the first of it.
pub fn breaks_policy(copy: &BundleCopy) -> Option<&'static str> {
    let text = copy.texts().map(str::to_lowercase).collect::<Vec<_>>().join("\n");
    NOT_PROMISED.into_iter().find(|promise| text.contains(promise))
}

/// A name as titles have it: hyphens and underscores are spaces; the first three words, each with a capital.
pub fn short_name(name: &str) -> String {
    let spaced = name.replace(['-', '_'], " ");
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    spaced.split_whitespace().take(3).map(capital).collect::<Vec<String>>().join(" ")
}

/// The first characters of a text, without spaces at its ends.
fn cut(text: &str, most: usize) -> String {
    text.trim().chars().take(most).collect::<String>().trim_end().to_owned()
}

/// An amount as people write it: `12.50 USD`.
fn money(amount: Cents, currency: &str) -> String {
    format!("{}.{:02} {currency}", amount.0 / 100, amount.0 % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::{
        items::Item,
        money::Percent,
        objective::Caps,
        pricing::{Bogo, DEFAULT_TIERS, Methodology, price_at, price_tiers},
    };

    const CAPS: Caps = Caps::whole(0, 50);

    fn copy(bundle_type: BundleType, names: &[&str], pricing: &Pricing) -> BundleCopy {
        BundleCopy::of_template(&CopyInput { bundle_type, names, pricing, currency: "EUR", explanation: "Because." })
    }

    #[test]
    fn each_type_has_its_badge_and_title() {
        let pair = [(Item(0), Cents(4_000)), (Item(1), Cents(5_000))];
        let pricing = price_at(&pair, Percent::whole(15), CAPS, Methodology::Flat).unwrap();
        let names = ["trail-running_shoe men blue", "wool socks"];
        let fbt = copy(BundleType::Fbt, &names, &pricing);
        assert_eq!((fbt.badge.as_str(), fbt.title.as_str()), ("BOUGHT TOGETHER", "Trail Running Shoe + Wool Socks"));
        assert_eq!(fbt.savings_message, "Save 13.01 EUR (14%)");
        assert_eq!(fbt.show_on, ["product", "cart"]);
        assert_eq!(copy(BundleType::Fixed, &names, &pricing).title, "Trail Running Shoe set");
        assert_eq!(copy(BundleType::MixMatch, &names, &pricing).title, "Pick any 2: Trail Running Shoe range");

        let tiers = price_tiers(Item(0), Cents(4_000), &DEFAULT_TIERS, CAPS).unwrap();
        let volume = copy(BundleType::Volume, &names[..1], &tiers);
        assert_eq!(
            (volume.badge.as_str(), volume.title.as_str()),
            ("BUY MORE SAVE MORE", "Trail Running Shoe: multi-buy")
        );
        assert_eq!((volume.savings_message.as_str(), volume.show_on.len()), ("Save up to 15%", 1));

        let third = Bogo::BUY_TWO_GET_ONE.price(pair[0], pair[0], CAPS).unwrap();
        assert_eq!(copy(BundleType::Bogo, &names[..1], &third).title, "Buy 2, get 1 free");
        let half = Bogo::cross_product(Percent::whole(50)).price(pair[1], pair[0], CAPS).unwrap();
        assert_eq!(copy(BundleType::Bogo, &names, &half).title, "Buy 1, get 1 at 50% off");
    }

    #[test]
    fn no_saving_is_promised_where_there_is_none() {
        let pair = [(Item(0), Cents(295)), (Item(1), Cents(295))];
        let pricing = price_at(&pair, Percent::whole(0), Caps::whole(0, 10), Methodology::Flat).unwrap();
        assert_eq!(pricing.discount(), Cents::ZERO);
        let text = copy(BundleType::Fbt, &["a red parasol", "a blue parasol"], &pricing);
        assert!(text.texts().all(|text| !text.contains("ave 0") && !text.contains("0%")), "{text:?}");
        assert_eq!(text.description, "A Red Parasol goes well with A Blue Parasol: take all 2 in one order.");
    }

    #[test]
    fn texts_are_cut_and_promises_are_seen() {
        let pair = [(Item(0), Cents(4_000)), (Item(1), Cents(5_000))];
        let pricing = price_at(&pair, Percent::whole(15), CAPS, Methodology::Flat).unwrap();
        let long = "ß".repeat(80);
        let text = copy(BundleType::Fbt, &[&long, "b"], &pricing);
        assert_eq!(text.title.chars().count(), 60);
        assert_eq!(breaks_policy(&text), None);
        assert_eq!(breaks_policy(&copy(BundleType::Fbt, &["a Miracle Cure", "b"], &pricing)), Some("miracle cure"));
        assert_eq!(short_name("  a--b c d "), "A B C");
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(serde_json::from_str::<BundleCopy>(&json).unwrap(), text);
    }
}
