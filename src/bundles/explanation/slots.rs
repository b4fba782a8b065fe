//! Why a bundle was chosen, in sentences: a slot each for figures, purpose, stock, price and method.

use super::bands::{Figure, Statistic};
use crate::bundles::{
    bundle_type::BundleType,
    candidate::{Candidate, Source, Sources},
    money::Percent,
    objective::Objective,
};

/// What an explanation is made of.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The bundle.
    pub candidate: &'a Candidate,
    /// Pieces in stock of each item; `None` when nobody counts them.
    pub stocks: &'a [Option<i64>],
    /// The discount, the greatest one of tiers.
    pub discount: Percent,
    /// How usual it is: [`crate::bundles::ranking::price_sanity`].
    pub price_sanity: f64,
}

/// Why a bundle was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// All sentences.
    pub summary: String,
    /// The figure that is named, if there is one.
    pub statistic: Option<Statistic>,
    /// What the bundle is for, in words.
    pub purpose: &'static str,
    /// How it was found, in words; the first is named.
    pub methods: Vec<&'static str>,
}

/// Explains a bundle (section 10.3).
pub fn explain(evidence: &Evidence) -> Explanation {
    let candidate = evidence.candidate;
    let statistic = Statistic::of(candidate.confidence, candidate.lift, candidate.support);
    let is_counted = candidate.sources.iter().any(Source::is_transactional);
    let purpose = purpose(candidate.objective);
    let methods = methods(candidate.sources);
    let sentences = [
        Some(match (candidate.items.as_slice(), statistic) {
            ([_], _) => of_one(candidate),
            (_, Some(statistic)) => in_words(statistic, is_counted),
            (_, None) => generic(candidate),
        }),
        Some(purpose.to_owned()),
        stock(evidence.stocks).map(str::to_owned),
        price(evidence).map(str::to_owned),
        methods.first().map(|method| format!("Found by {method}.")),
    ];
    let summary = sentences.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Explanation { summary, statistic, purpose, methods }
}

fn in_words(statistic: Statistic, is_counted: bool) -> String {
    let Statistic { figure, value, band } = statistic;
    let percent = 100.0 * value;
    let band = band.name();
    match figure {
        Figure::Confidence if is_counted => {
            format!("{percent:.0} % of orders with the first item hold the rest too, a {band} link.")
        }
        Figure::Confidence => format!("The rest goes with the first item with an estimated chance of {percent:.0} %."),
        Figure::Lift => format!("Bought together {value:.1} times as often as by chance, a {band} link."),
        Figure::Support => format!("{percent:.1} % of orders hold all of it, a {band} share."),
    }
}

/// Of one item no figure says what goes with what.
fn of_one(candidate: &Candidate) -> String {
    match candidate.sources.primary() {
        Some(Source::Quantities) => "It is ordered often, so that more of it is offered for less.".to_owned(),
        Some(Source::Rewards) => "More of it is the reward for buying it.".to_owned(),
        _ => generic(candidate),
    }
}

fn generic(candidate: &Candidate) -> String {
    let items = match candidate.items.len() {
        1 => "one item".to_owned(),
        number => format!("{number} items"),
    };
    let kind = match candidate.bundle_type {
        BundleType::Fbt => "to be bought together",
        BundleType::Volume => "in quantities",
        BundleType::Bogo => "with a reward",
        BundleType::MixMatch => "to pick from",
        BundleType::Fixed => "as a set",
    };
    format!("An offer of {items} {kind}.")
}

fn purpose(objective: Objective) -> &'static str {
    match objective {
        Objective::IncreaseAov => "It makes orders larger.",
        Objective::ClearSlowMovers => "It moves stock that sells slowly.",
        Objective::MarginGuard => "It sells more of what earns much, with little discount.",
        Objective::SeasonalPromo => "It goes with the season.",
        Objective::NewLaunch => "It makes new products known.",
        Objective::CategoryBundle => "It puts together what belongs to one category.",
        Objective::GiftBox => "It makes a present.",
        Objective::SubscriptionPush => "It is for those who buy again and again.",
    }
}

/// Nothing is said when an item is gone or nobody counts it.
fn stock(stocks: &[Option<i64>]) -> Option<&'static str> {
    let counted: Option<Vec<i64>> = stocks.iter().map(|stock| stock.filter(|stock| *stock > 0)).collect();
    let counted = counted.filter(|stocks| !stocks.is_empty())?;
    let many = counted.iter().filter(|stock| **stock > 10).count();
    Some(match many {
        _ if many == counted.len() => "All of it is well in stock.",
        0 => "Stock is limited.",
        _ => "Some of it is limited in stock.",
    })
}

fn price(evidence: &Evidence) -> Option<&'static str> {
    match evidence.discount {
        great if great >= Percent::whole(25) => {
            (evidence.price_sanity >= 0.7).then_some("The discount is aggressive, and usual for these items.")
        }
        usual if usual >= Percent::whole(10) => Some("The discount is reasonable."),
        _ => Some("The discount is conservative."),
    }
}

/// How sources find bundles, each way once.
fn methods(sources: Sources) -> Vec<&'static str> {
    let mut methods = Vec::new();
    for source in sources.iter() {
        let method = match source {
            Source::Rules | Source::Itemsets | Source::StrictRules | Source::ForcedPairs => "pattern mining",
            Source::Similarity | Source::ColdStart | Source::Coverage | Source::Heuristics => "similarity of products",
            Source::Catalog => "the catalog",
            Source::TopPairs
            | Source::Covisitation
            | Source::AdaptiveRelax
            | Source::SmoothedPairs
            | Source::ItemSimilarity
            | Source::Popularity
            | Source::Quantities
            | Source::Rewards
            | Source::QuickStart => "basket analysis",
        };
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    methods
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::candidate::testing::candidate;

    fn summary(candidate: &Candidate, stocks: &[Option<i64>], discount: i64, price_sanity: f64) -> String {
        explain(&Evidence { candidate, stocks, discount: Percent::whole(discount), price_sanity }).summary
    }

    #[test]
    fn an_explanation_has_a_sentence_for_each_thing_that_is_known() {
        let mut bundle = candidate(&[1, 2], 0.571, 5.714);
        bundle.sources = Sources::one(Source::Rules).with(Sources::one(Source::TopPairs));
        assert_eq!(
            summary(&bundle, &[Some(20), Some(11)], 12, 1.0),
            "Bought together 5.7 times as often as by chance, a very strong link. It makes orders larger. \
             All of it is well in stock. The discount is reasonable. Found by pattern mining."
        );
        let found =
            explain(&Evidence { candidate: &bundle, stocks: &[None], discount: Percent::whole(30), price_sanity: 0.4 });
        assert_eq!(found.methods, ["pattern mining", "basket analysis"]);
        assert_eq!(
            found.summary,
            "Bought together 5.7 times as often as by chance, a very strong link. It makes orders larger. \
             Found by pattern mining."
        );
    }

    #[test]
    fn an_assumed_chance_is_not_called_counted() {
        let mut bundle = candidate(&[1, 2], 0.6, 1.2);
        bundle.sources = Sources::one(Source::Rewards);
        bundle.objective = Objective::ClearSlowMovers;
        assert_eq!(
            summary(&bundle, &[Some(3), Some(4)], 33, 0.7),
            "The rest goes with the first item with an estimated chance of 60 %. It moves stock that sells slowly. \
             Stock is limited. The discount is aggressive, and usual for these items. Found by basket analysis."
        );
    }

    #[test]
    fn of_one_item_nothing_is_said_of_a_rest() {
        let mut bundle = candidate(&[1], 0.8, 1.15);
        bundle.bundle_type = BundleType::Volume;
        bundle.sources = Sources::one(Source::Quantities);
        let text = summary(&bundle, &[Some(30)], 15, 1.0);
        assert!(text.starts_with("It is ordered often, so that more of it is offered for less. It makes"), "{text}");
        bundle.sources = Sources::one(Source::Catalog);
        assert!(summary(&bundle, &[None], 15, 1.0).starts_with("An offer of one item in quantities."));
    }

    #[test]
    fn where_no_figure_speaks_type_and_number_do() {
        let mut bundle = candidate(&[1, 2], 0.1, 1.0);
        bundle.support = 0.0;
        let text = summary(&bundle, &[Some(3), Some(30)], 5, 1.0);
        assert!(text.starts_with("An offer of 2 items to be bought together."), "{text}");
        assert!(text.contains("Some of it is limited in stock. The discount is conservative."), "{text}");
        assert!(!summary(&bundle, &[Some(0), Some(30)], 5, 1.0).contains("stock"));
    }
}
