//! What is no purchase, no item, no variant or no level: the reasons, and the rules that a row is judged by.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operator::ParamError;
use crate::orders::{recognising::fields::Kind, values::letters::plain};

macro_rules! reasons {
    ($($(#[$about:meta])* $reason:ident $code:literal,)+) => {
        /// Why an order, a line or a row is left out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum LeftOut { $($(#[$about])* $reason,)+ }

        impl LeftOut {
            /// All reasons, in the order of their numbers.
            const ALL: &'static [Self] = &[$(Self::$reason,)+];

            /// Its name in the tables.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$reason => $code,)+ }
            }
        }
    };
}

reasons! {
    /// The order was cancelled.
    Cancelled "cancelled",
    /// The payment was voided, or never came in time.
    Voided "voided",
    /// All of it was paid back.
    Refunded "refunded",
    /// The payment failed.
    Failed "failed",
    /// It waits for a payment that was never begun.
    Unpaid "unpaid",
    /// A checkout that was left.
    Abandoned "abandoned",
    /// A draft, or a quote.
    Draft "draft",
    /// The item was given back.
    Returned "returned",
    /// A tip.
    Tip "tip",
    /// Shipping, as a line.
    Shipping "shipping",
    /// A fee, a surcharge, a rounding, a tax, as a line.
    Fee "fee",
    /// A discount, as a line.
    Discount "discount",
    /// A gift card or voucher.
    GiftCard "gift_card",
    /// A row of a list of products that is no variant: of a picture, or of a product whose variants have their own.
    NoVariant "no_variant",
    /// The location does not have the item.
    NotStocked "not_stocked",
    /// A row of orders that is no line: of a payment, of shipping, of the order itself. What it says of its order counts.
    NoLine "no_line",
}

impl LeftOut {
    /// The number that rows keep, never 0.
    pub fn number(self) -> i64 {
        self as i64 + 1
    }

    /// The reason of a number.
    pub fn of(number: i64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
    }

    /// The reason of a name.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }

    /// Whether what is left out so was never an order: its date is none of an order.
    pub fn is_no_order(self) -> bool {
        matches!(self, Self::Abandoned | Self::Draft | Self::Unpaid | Self::Failed)
    }
}

/// What a rule of a row of orders is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The whole order, whichever of its rows it holds for; of other kinds of file the row.
    #[default]
    Order,
    /// The row's line alone.
    Line,
}

/// When a row is left out (with the reason `no_line`, of orders, it is no line, and says something of its order alone): one of `filled`, `field` with `is`, `blank`, or `always`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeftOutRule {
    /// Why.
    pub reason: Option<LeftOut>,
    /// What is left out with the row: the order, or its line alone.
    pub of: Scope,
    /// Fields one of which has a cell that says something (not empty, null, no, false, 0 or -).
    pub filled: Vec<String>,
    /// Fields whose cells are looked for in `is`.
    pub field: Vec<String>,
    /// Cells, in any case of letters and with or without accents; alone, or beside other words with a mark between as in
    /// `Closed - Refunded` and `Cancelled (by buyer)`.
    pub is: Vec<String>,
    /// Fields all of which are blank; those that the file has no column for do not count, and one column there must be.
    pub blank: Vec<String>,
    /// With `blank`: fields of which one is filled.
    pub beside: Vec<String>,
    /// Each row of the file.
    pub always: bool,
}

impl LeftOutRule {
    /// Refuses a rule that could never hold.
    ///
    /// # Errors
    /// What is wrong, with the way to it from the rule.
    pub fn check(&self, kind: Kind) -> Result<(), ParamError> {
        let error = |at: &str, problem: String, mend: &str| {
            let path = if at.is_empty() { Vec::new() } else { vec![at.to_owned()] };
            Err(ParamError { path, problem, mend: mend.to_owned() })
        };
        if self.reason.is_none() {
            return error("", "the rule has no reason".to_owned(), "add reason = \"cancelled\", or another");
        }
        let ways = [!self.filled.is_empty(), !self.field.is_empty(), !self.blank.is_empty(), self.always];
        if ways.iter().filter(|way| **way).count() != 1 {
            let problem = "a rule is one of filled, field with is, blank, and always".to_owned();
            return error("", problem, "leave one of them, and write other rules for the others");
        }
        if self.reason == Some(LeftOut::NoLine) && (kind != Kind::Orders || self.of != Scope::Line) {
            let problem = "only a row of orders can be no line".to_owned();
            return error("", problem, "write of = \"line\", and kind = \"orders\" for the profile");
        }
        if self.field.is_empty() != self.is.is_empty() {
            return error("", "field and is go together".to_owned(), "add the other one");
        }
        for (at, names) in
            [("filled", &self.filled), ("field", &self.field), ("blank", &self.blank), ("beside", &self.beside)]
        {
            if let Some(unknown) = names.iter().find(|name| kind.field(name).is_none()) {
                let known: Vec<_> = kind.fields().iter().map(|field| field.name).collect();
                let mend = format!("use one of {}", known.join(", "));
                return error(at, format!("{} have no field '{unknown}'", kind.name()), &mend);
            }
        }
        Ok(())
    }
}

/// A rule with the columns of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Why the row is left out.
    pub reason: LeftOut,
    /// What with it.
    pub of: Scope,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Test {
    Filled(Vec<usize>),
    Is(Vec<usize>, Vec<String>),
    Blank { blank: Vec<usize>, beside: Vec<usize> },
    Always,
}

impl Rule {
    /// The rule for a file whose columns hold these fields; `None` where it can never hold.
    pub fn of(rule: &LeftOutRule, kind: Kind, places: &BTreeMap<usize, Vec<usize>>) -> Option<Self> {
        let columns = |names: &[String]| -> Vec<usize> {
            let fields = names.iter().filter_map(|name| kind.field(name));
            fields.filter_map(|field| places.get(&field)).flatten().copied().collect()
        };
        let test = if rule.always {
            Test::Always
        } else if !rule.filled.is_empty() {
            Test::Filled(columns(&rule.filled))
        } else if !rule.field.is_empty() {
            Test::Is(columns(&rule.field), rule.is.iter().map(|word| plain(word)).collect())
        } else {
            Test::Blank { blank: columns(&rule.blank), beside: columns(&rule.beside) }
        };
        let can_hold = match &test {
            Test::Filled(columns) | Test::Is(columns, _) => !columns.is_empty(),
            Test::Blank { blank, beside } => !blank.is_empty() && (rule.beside.is_empty() || !beside.is_empty()),
            Test::Always => true,
        };
        let reason = rule.reason?;
        can_hold.then_some(Self { reason, of: rule.of, test })
    }

    /// The columns that the rule looks at.
    pub fn columns_mut(&mut self) -> impl Iterator<Item = &mut usize> {
        let (first, second): (&mut [usize], &mut [usize]) = match &mut self.test {
            Test::Filled(columns) | Test::Is(columns, _) => (columns, &mut []),
            Test::Blank { blank, beside } => (blank, beside),
            Test::Always => (&mut [], &mut []),
        };
        first.iter_mut().chain(second)
    }

    /// Whether it holds for a row; `cell` gives the row's cells by column. `last` remembers the answer for the text that
    /// was judged last, since neighbouring rows mostly say the same.
    pub fn holds(&self, last: &mut (Vec<u8>, bool), mut cell: impl FnMut(usize, &mut dyn FnMut(&[u8]))) -> bool {
        let mut is_any = |columns: &[usize], judge: &mut dyn FnMut(&[u8]) -> bool| {
            columns.iter().any(|column| {
                let mut found = false;
                cell(*column, &mut |bytes| found = judge(bytes));
                found
            })
        };
        match &self.test {
            Test::Always => true,
            Test::Filled(columns) => is_any(columns, &mut |bytes| !says_nothing(bytes)),
            Test::Blank { blank, beside } => {
                !is_any(blank, &mut |bytes| !bytes.is_empty())
                    && (beside.is_empty() || is_any(beside, &mut |bytes| !bytes.is_empty()))
            }
            Test::Is(columns, words) => is_any(columns, &mut |bytes| {
                if bytes.is_empty() {
                    return false;
                }
                if last.0 != bytes {
                    last.1 = is_one_of(words, &plain(&String::from_utf8_lossy(bytes)));
                    last.0.clear();
                    last.0.extend_from_slice(bytes);
                }
                last.1
            }),
        }
    }
}

/// Whether a text is one of the words, or has one between marks.
fn is_one_of(words: &[String], text: &str) -> bool {
    let is = |part: &str| words.iter().any(|word| word == part);
    let marks = |c: char| "()[]/|:;,".contains(c);
    is(text) || text.split(" - ").flat_map(|part| part.split(marks)).any(|part| is(part.trim()))
}

/// Whether a cell says that there is nothing.
fn says_nothing(cell: &[u8]) -> bool {
    const WORDS: [&[u8]; 11] =
        [b"", b"null", b"none", b"nan", b"n/a", b"no", b"false", b"0", b"-", b"0000-00-00", b"0000-00-00 00:00:00"];
    WORDS.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_in_every_spelling_and_between_marks() {
        let words = ["cancelled", "iptal edildi", "annulee", "order cancelled"].map(str::to_owned);
        for text in [
            "Cancelled",
            "CANCELLED (by buyer)",
            "Pending - Cancelled",
            "Paid/Cancelled",
            "İPTAL EDİLDİ",
            "Annulée",
            "order cancelled",
        ] {
            assert!(is_one_of(&words, &plain(text)), "{text}");
        }
        for text in ["partially cancelled", "not cancelled", "cancelled-like", "uncancelled", ""] {
            assert!(!is_one_of(&words, &plain(text)), "{text}");
        }
    }
}
