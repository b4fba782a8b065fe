//! Lines that are no items: tips, shipping, fees, discounts and gift cards, by their names.

use std::collections::{BTreeMap, HashMap};

use crate::orders::{recognising::left_out::LeftOut, values::letters::plain};

/// Names of what is no item, with the reason; in lower case and without accents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NoItems(BTreeMap<String, LeftOut>);

/// Reason → names.
pub type NamesByReason = BTreeMap<LeftOut, Vec<String>>;

impl NoItems {
    /// The names of several lists together; of one in two the first counts.
    pub fn of<'a>(lists: impl IntoIterator<Item = &'a NamesByReason>) -> Self {
        let mut all = BTreeMap::new();
        for (reason, names) in lists.into_iter().flatten() {
            for name in names {
                all.entry(plain(name)).or_insert(*reason);
            }
        }
        Self(all)
    }

    /// What a name is, if it is that of no item: one of the names, alone or with an amount after it as in
    /// `Gift card - $25`.
    fn reason(&self, name: &str) -> Option<LeftOut> {
        let name = plain(name);
        if let Some(reason) = self.0.get(&name) {
            return Some(*reason);
        }
        let mut known = self.0.iter().filter_map(|(known, reason)| Some((name.strip_prefix(known.as_str())?, *reason)));
        known.find(|(rest, _)| is_amount(rest)).map(|(_, reason)| reason)
    }
}

/// What may stand beside a gift card's amount.
const CURRENCIES: &str = " usd eur gbp jpy cad aud nzd chf sek nok dkk isk pln czk huf ron bgn try tl brl ars clp cop mxn pen uyu \
    inr zar krw cny hkd sgd twd rub uah ils aed sar kr zł kč ft lei лв руб rp rm rs r euro euros dollar dollars pesos lira reais ";

/// Whether what follows a name is an amount of money, perhaps in brackets or after a dash.
fn is_amount(rest: &str) -> bool {
    let is_parted = rest.starts_with(|c: char| !c.is_alphanumeric());
    let is_currency = |word: &str| CURRENCIES.contains(&format!(" {word} "));
    let mut words = rest.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    is_parted && rest.contains(|c: char| c.is_ascii_digit()) && words.all(is_currency)
}

/// So many names are remembered.
const REMEMBERED: usize = 1 << 16;

/// What was found of names before: a shop sells few, many times.
#[derive(Default)]
pub struct Judged(HashMap<Vec<u8>, Option<LeftOut>>);

impl Judged {
    /// Why a line is no item; `None` for an item. A line that names a variant is one, whatever its name; one with a SKU is no
    /// tip.
    pub fn reason(&mut self, names: &NoItems, name: &[u8], has_sku: bool) -> Option<LeftOut> {
        let found = match self.0.get(name) {
            Some(found) => *found,
            None => {
                let found = names.reason(&String::from_utf8_lossy(name));
                if self.0.len() >= REMEMBERED {
                    self.0.clear();
                }
                self.0.insert(name.to_vec(), found);
                found
            }
        };
        found.filter(|reason| !has_sku || *reason != LeftOut::Tip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_or_with_an_amount_is_no_item_and_one_that_goes_on_is() {
        let names = NamesByReason::from([
            (LeftOut::GiftCard, vec!["Gift card".to_owned()]),
            (LeftOut::Tip, vec!["Tip".to_owned(), "Trinkgeld".to_owned()]),
        ]);
        let names = NoItems::of([&names]);
        for (name, reason) in [
            ("Gift Card", Some(LeftOut::GiftCard)),
            ("gift  card - $25.00", Some(LeftOut::GiftCard)),
            ("Gift card (50 EUR)", Some(LeftOut::GiftCard)),
            ("Gift card 50 Euro", Some(LeftOut::GiftCard)),
            ("Gift card holder", None),
            ("Gift cards", None),
            ("Tip", Some(LeftOut::Tip)),
            ("TRINKGELD", Some(LeftOut::Tip)),
            ("Tip Top mug 3", None),
            ("Felt tip", None),
        ] {
            assert_eq!(names.reason(name), reason, "{name}");
        }
        let mut judged = Judged::default();
        assert_eq!(judged.reason(&names, b"Tip", false), Some(LeftOut::Tip));
        assert_eq!(judged.reason(&names, b"Tip", true), None, "what has a SKU is sold");
        assert_eq!(judged.reason(&names, b"Gift card", true), Some(LeftOut::GiftCard));
    }
}
