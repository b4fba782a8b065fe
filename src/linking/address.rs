//! The parts of an address behind its path, and which of them tell a retailer's products apart.
//!
//! Many shops route by the query (`item.php?4711`, `/item?id=4711`) or by the fragment (`#/item/4711`): there the path is the
//! same for all products. Which part counts is learned from addresses that differ in nothing else.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

/// A part of an address behind its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part<'a> {
    /// The value of a query parameter.
    Parameter(&'a str),
    /// The first item of the query that has no name: `?4711`.
    Query,
    /// The value of a parameter in the fragment: `#/item?id=4711`, `#id=4711`.
    FragmentParameter(&'a str),
    /// The fragment up to its parameters: `#/item/4711`, `#4711`.
    Fragment,
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(name) => write!(f, "?{name}="),
            Self::Query => f.write_str("what follows ?"),
            Self::FragmentParameter(name) => write!(f, "#{name}="),
            Self::Fragment => f.write_str("what follows #"),
        }
    }
}

/// The parts of an address, each once, in the order in which they stand; what only says where a visitor came from is left out.
pub fn parts(url: &str) -> Vec<(Part<'_>, &str)> {
    let (page, fragment) = url.split_once('#').unwrap_or((url, ""));
    let query = page.split_once('?').map_or("", |(_, query)| query);
    let mut found = Vec::new();
    add(&mut found, query, Part::Query, Part::Parameter);
    let routed = fragment.trim_start_matches('!');
    let (route, rest) = routed.find(['?', '&']).map_or((routed, ""), |at| (&routed[..at], &routed[at + 1..]));
    if !route.starts_with('/') && route.contains('=') {
        add(&mut found, routed, Part::Fragment, Part::FragmentParameter);
    } else {
        let route = route.trim_matches('/');
        if !route.is_empty() {
            found.push((Part::Fragment, route));
        }
        add(&mut found, rest, Part::Fragment, Part::FragmentParameter);
    }
    found
}

fn add<'a>(
    found: &mut Vec<(Part<'a>, &'a str)>,
    items: &'a str,
    unnamed: Part<'a>,
    named: impl Fn(&'a str) -> Part<'a>,
) {
    for item in items.split(['&', ';', '?']).filter(|item| !item.is_empty()) {
        let (part, value) = match item.split_once('=') {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => (named(name), value),
            Some((text, "") | ("", text)) => (unnamed, text),
            _ => (unnamed, item),
        };
        let is_noise = matches!(part, Part::Parameter(name) | Part::FragmentParameter(name) if is_campaign(name));
        if !is_noise && !found.iter().any(|(known, _)| *known == part) {
            found.push((part, value));
        }
    }
}

/// Parameters that advertising adds to any address.
fn is_campaign(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "twclid", "yclid", "igshid",
        "mc_cid", "mc_eid", "_ga",
    ];
    let name = name.to_ascii_lowercase();
    name.starts_with("utm_") || NAMES.contains(&name.as_str())
}

/// An address that was seen, and whose it is.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The number of the page: addresses with one number differ only in their parts.
    pub page: u32,
    /// The address.
    pub url: &'a str,
    /// What is shown there, such as a title: equal ones need not be told apart. `None` is like nothing else.
    pub shows: Option<&'a str>,
}

/// The parts that tell a retailer's products apart, the most telling first; empty where nothing does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telling<'a>(Vec<Part<'a>>);

/// Parts that occur most are tried; a retailer with more has a name for each address.
const TRIED: usize = 32;
/// No key is made of more parts.
const MOST_PARTS: usize = 3;

impl<'a> Telling<'a> {
    /// Learns from addresses of one retailer. `products` are told apart as far as a part can; of the parts that can, the one counts
    /// most that is the same where one of `sightings` shows what a product of its page shows, and that other addresses repeat.
    pub fn learn(products: &[Seen<'a>], sightings: &[Seen<'a>]) -> Self {
        let things: Vec<Thing<'a>> = products.iter().map(Thing::of).collect();
        let sightings: Vec<Thing<'a>> = sightings.iter().map(Thing::of).collect();
        let mut chosen = Vec::new();
        let mut left = collisions(&things, &chosen);
        while left > 0 && chosen.len() < MOST_PARTS {
            let best = tried(&things)
                .into_iter()
                .filter(|(part, _)| !chosen.contains(part))
                .filter_map(|(part, place)| {
                    let with: Vec<Part<'a>> = chosen.iter().copied().chain([part]).collect();
                    let still = collisions(&things, &with);
                    let (conflicts, strangers) = against(&things, &sightings, part);
                    (still < left).then_some(((still + conflicts, strangers, place, part), still))
                })
                .min();
            let Some(((_, _, _, part), still)) = best else { break };
            chosen.push(part);
            left = still;
        }
        Self(chosen)
    }

    /// Whether nothing tells this retailer's products apart.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The telling values of an address, as one text; `None` where it has none of the parts.
    pub fn key(&self, url: &str) -> Option<String> {
        let found = parts(url);
        let values: Vec<Option<&str>> = self.0.iter().map(|part| value(&found, *part)).collect();
        values
            .iter()
            .any(Option::is_some)
            .then(|| values.iter().map(|value| value.unwrap_or_default()).collect::<Vec<_>>().join("\0"))
    }

    /// Whether both addresses have a telling part and differ in one.
    pub fn differ(&self, a: &str, b: &str) -> bool {
        !self.is_empty() && self.key(a).zip(self.key(b)).is_some_and(|(a, b)| a != b)
    }
}

impl fmt::Display for Telling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(Part::to_string).collect();
        f.write_str(&parts.join(" and "))
    }
}

struct Thing<'a> {
    page: u32,
    shows: Option<&'a str>,
    parts: Vec<(Part<'a>, &'a str)>,
}

impl<'a> Thing<'a> {
    fn of(seen: &Seen<'a>) -> Self {
        Self { page: seen.page, shows: seen.shows, parts: parts(seen.url) }
    }
}

fn value<'a>(parts: &[(Part<'_>, &'a str)], wanted: Part<'_>) -> Option<&'a str> {
    parts.iter().find(|(part, _)| *part == wanted).map(|(_, value)| *value)
}

/// The parts that most things have, with the place where they stand first.
fn tried<'a>(things: &[Thing<'a>]) -> Vec<(Part<'a>, usize)> {
    let mut seen: BTreeMap<Part<'a>, (usize, usize)> = BTreeMap::new();
    for thing in things {
        for (place, (part, _)) in thing.parts.iter().enumerate() {
            let entry = seen.entry(*part).or_insert((0, place));
            *entry = (entry.0 + 1, entry.1.min(place));
        }
    }
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_by_key(|(part, (count, _))| (Reverse(*count), *part));
    seen.into_iter().take(TRIED).map(|(part, (_, place))| (part, place)).collect()
}

/// How many pairs of things, counted from both, share page and key, where not all that share them show the same.
fn collisions(things: &[Thing<'_>], key: &[Part<'_>]) -> usize {
    /// How many things, what the first shows, and whether all show that.
    type Class<'a> = (usize, Option<&'a str>, bool);
    let mut classes: HashMap<(u32, Vec<Option<&str>>), Class<'_>> = HashMap::new();
    for thing in things {
        let values = key.iter().map(|part| value(&thing.parts, *part)).collect();
        let class = classes.entry((thing.page, values)).or_insert((0, thing.shows, true));
        let same = class.0 == 0 || (thing.shows.is_some() && thing.shows == class.1);
        *class = (class.0 + 1, class.1, class.2 && same);
    }
    classes.into_values().filter(|class| !class.2).map(|class| class.0.saturating_mul(class.0 - 1)).sum()
}

/// How many sightings show what one thing of their page shows, and have another value of the part; and how many have a value that
/// no thing of their page has.
fn against(things: &[Thing<'_>], sightings: &[Thing<'_>], part: Part<'_>) -> (usize, usize) {
    let mut values: HashSet<(u32, &str)> = HashSet::new();
    let mut shown: HashMap<(u32, &str), Option<Option<&str>>> = HashMap::new();
    for thing in things {
        let own = value(&thing.parts, part);
        values.extend(own.map(|own| (thing.page, own)));
        if let Some(shows) = thing.shows {
            // Shown by several things it says nothing of any.
            shown.entry((thing.page, shows)).and_modify(|known| *known = None).or_insert(Some(own));
        }
    }
    let own = |sighting: &Thing<'_>| value(&sighting.parts, part).map(str::to_owned);
    let conflicts = sightings.iter().filter(|sighting| {
        let known = sighting.shows.and_then(|shows| shown.get(&(sighting.page, shows)).copied().flatten());
        known.is_some_and(|known| known.map(str::to_owned) != own(sighting))
    });
    let strangers = sightings
        .iter()
        .filter(|sighting| own(sighting).is_some_and(|own| !values.contains(&(sighting.page, own.as_str()))));
    (conflicts.count(), strangers.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen<'a>(url: &'a str, shows: &'a str) -> Seen<'a> {
        Seen { page: 0, url, shows: Some(shows) }
    }

    #[test]
    fn the_parts_of_an_address_are_named_and_campaigns_left_out() {
        let query = parts("https://a.com/x?id=7&utm_source=mail&GCLID=1&id=8;print&=9");
        assert_eq!(query, [(Part::Parameter("id"), "7"), (Part::Query, "print")]);
        assert_eq!(parts("https://a.com/item.php?4711&x=1"), [(Part::Query, "4711"), (Part::Parameter("x"), "1")]);
        assert_eq!(parts("https://a.com/item.php?4711="), [(Part::Query, "4711")]);
        assert_eq!(
            parts("https://a.com/#!/item/7/?color=red"),
            [(Part::Fragment, "item/7"), (Part::FragmentParameter("color"), "red")]
        );
        assert_eq!(parts("https://a.com/#item=7&utm_source=x"), [(Part::FragmentParameter("item"), "7")]);
        assert_eq!(parts("https://a.com/?a=1#4711"), [(Part::Parameter("a"), "1"), (Part::Fragment, "4711")]);
        assert_eq!(parts("https://a.com/x?&#"), []);
    }

    #[test]
    fn the_parameter_that_separates_the_products_is_learned() {
        let products = [seen("/i?lang=en&id=1&sid=a", "Tray"), seen("/i?lang=en&id=2&sid=b", "Bowl")];
        let sightings = [seen("/i?lang=en&id=2&sid=c", "Bowl")];
        let telling = Telling::learn(&products, &sightings);
        assert_eq!(telling.to_string(), "?id=");
        assert_eq!(telling.key("/i?sid=z&id=2"), Some("2".to_owned()));
        assert_eq!(telling.key("/i?sid=z"), None);
        assert!(telling.differ("/i?id=1", "/i?id=2") && !telling.differ("/i?id=1", "/i"));
    }

    #[test]
    fn without_equal_titles_the_value_that_is_seen_again_counts() {
        let products = [seen("/i?sid=a&id=1", "Tray"), seen("/i?sid=b&id=2", "Bowl")];
        assert_eq!(Telling::learn(&products, &[seen("/i?sid=c&id=2", "The Bowl")]).to_string(), "?id=");
    }

    #[test]
    fn two_parts_together_tell_what_neither_tells_alone() {
        let products = [
            seen("/i?shelf=1&place=1", "Tray"),
            seen("/i?shelf=1&place=2", "Bowl"),
            seen("/i?shelf=2&place=1", "Cup"),
            seen("/i?shelf=2&place=2", "Jar"),
        ];
        let telling = Telling::learn(&products, &[]);
        assert_eq!(telling.key("/i?place=2&shelf=1"), Some("1\u{0}2".to_owned()));
    }

    #[test]
    fn one_product_under_two_addresses_teaches_nothing() {
        assert!(Telling::learn(&[seen("/i?ref=a", "Tray"), seen("/i?ref=b", "Tray")], &[]).is_empty());
        assert!(Telling::learn(&[seen("/i?utm_id=a", "Tray"), seen("/i?utm_id=b", "Bowl")], &[]).is_empty());
        assert!(Telling::learn(&[seen("/i", "Tray"), seen("/i", "Bowl")], &[]).is_empty());
        assert!(Telling::learn(&[], &[]).is_empty());
    }
}
