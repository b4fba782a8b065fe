//! Two hundred queries as shoppers write them, made from titles of a real snapshot: the product is among the first ten.

use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    io::Read,
};

use super::shop::Shop;
use crate::support::{rows, shared};

/// Queries of each kind.
const EACH: usize = 50;
/// A query that fits more titles than are looked at has no right answer.
const FIRST: usize = 10;

/// A title that no other product has, with the product.
struct Own {
    id: String,
    title: String,
}

type Maker = fn(&str, usize) -> Option<String>;

fn words(title: &str) -> Vec<&str> {
    title.split_whitespace().collect()
}

fn with_a_word_dropped(title: &str, number: usize) -> Option<String> {
    let mut words = words(title);
    if words.len() < 3 {
        return None;
    }
    words.remove(number % words.len());
    Some(words.join(" "))
}

/// Two letters of the longest word exchanged.
fn with_a_typo(title: &str, number: usize) -> Option<String> {
    let words = words(title);
    let longest = words.iter().enumerate().max_by_key(|(place, word)| (word.chars().count(), usize::MAX - place))?.0;
    let mut letters: Vec<char> = words[longest].chars().collect();
    let place = 1 + number % letters.len().checked_sub(2).filter(|places| *places > 2)?;
    if letters[place] == letters[place + 1] {
        return None;
    }
    letters.swap(place, place + 1);
    let wrong: String = letters.into_iter().collect();
    let all: Vec<&str> =
        words.iter().enumerate().map(|(at, word)| if at == longest { wrong.as_str() } else { *word }).collect();
    Some(all.join(" "))
}

fn reversed(title: &str, _: usize) -> Option<String> {
    let mut words = words(title);
    words.reverse();
    (words.len() > 1).then(|| words.join(" "))
}

/// Signs left out or made spaces; where there are none, a hyphen between letters and digits.
fn with_other_punctuation(title: &str, number: usize) -> Option<String> {
    let is_sign = |letter: char| !letter.is_alphanumeric() && !letter.is_whitespace();
    let query = if title.contains(is_sign) {
        title.replace(is_sign, if number.is_multiple_of(2) { " " } else { "" })
    } else {
        let mut last = ' ';
        let mut query = String::new();
        for letter in title.chars() {
            if (last.is_ascii_alphabetic() && letter.is_ascii_digit())
                || (last.is_ascii_digit() && letter.is_ascii_alphabetic())
            {
                query.push('-');
            }
            query.push(letter);
            last = letter;
        }
        query
    };
    (query != title).then_some(query)
}

const KINDS: [(&str, Maker); 4] = [
    ("a word dropped", with_a_word_dropped),
    ("two letters exchanged", with_a_typo),
    ("words reversed", reversed),
    ("other punctuation", with_other_punctuation),
];

/// The titles that no other product has, and the words of all titles.
fn titles(shop: &Shop) -> (Vec<Own>, Vec<BTreeSet<String>>) {
    let text = |value: &rusqlite::types::Value| match value {
        rusqlite::types::Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let all = rows(&shop.0.path("search.db"), "SELECT id, title FROM products ORDER BY key");
    let all: Vec<(String, String)> = all.iter().map(|row| (text(&row[0]), text(&row[1]))).collect();
    let mut count: HashMap<String, usize> = HashMap::new();
    for (_, title) in &all {
        *count.entry(title.to_lowercase()).or_default() += 1;
    }
    let words = all.iter().map(|(_, title)| bag(title)).collect();
    let own = all.into_iter().filter(|(_, title)| count[&title.to_lowercase()] == 1);
    (own.map(|(id, title)| Own { id, title }).collect(), words)
}

fn bag(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// Fifty queries of a kind, from all over the catalog: the right product with each.
fn queries(own: &[Own], titles: &[BTreeSet<String>], make: Maker) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    // A kind for which there are few titles asks for each in two ways.
    for round in 0..2 {
        for (number, Own { id, title }) in own.iter().enumerate() {
            let Some(query) = make(title, number + round) else { continue };
            let words = bag(&query);
            let fits = titles.iter().filter(|title| words.is_subset(title)).count();
            if fits <= FIRST && !all.iter().any(|(known, _)| *known == query) {
                all.push((query, id.clone()));
            }
        }
        if all.len() >= EACH {
            break;
        }
    }
    let count = all.len();
    assert!(count >= EACH, "{count} queries");
    (0..EACH).map(|place| all[place * count / EACH].clone()).collect()
}

#[test]
fn of_two_hundred_queries_ninety_five_in_a_hundred_find_their_product_among_the_first_ten() {
    let Some(snapshot) = shared("data/catalog", "vestiaire_2023-03-17") else {
        eprintln!("skipped: ../shared/data/catalog is not there");
        return;
    };
    let shop = Shop::new("");
    let mut packed = Vec::new();
    File::open(&snapshot).and_then(|mut file| file.read_to_end(&mut packed)).expect("a snapshot");
    std::fs::write(shop.0.path("catalog.csv.gz"), packed).expect("a copy");
    let id = "stages.changes.params.id_fields=[\"link\"]";
    shop.verb("sync", &["--set", "vars.catalog=\"catalog.csv.gz\"", "--set", id]).expect_success();
    let (own, titles) = titles(&shop);
    let mut found = [0; 3];
    println!("{:<24} {:>6} {:>6} {:>8}", "query", "both", "words", "vectors");
    for (kind, make) in KINDS {
        let queries = queries(&own, &titles, make);
        let of_mode = ["hybrid", "words", "vectors"].map(|mode| {
            let finds = |(query, id): &&(String, String)| shop.search(query, &["--mode", mode]).contains(id);
            queries.iter().filter(finds).count()
        });
        println!("{kind:<24} {:>6} {:>6} {:>8}", of_mode[0], of_mode[1], of_mode[2]);
        for (sum, count) in found.iter_mut().zip(of_mode) {
            *sum += count;
        }
    }
    println!("{:<24} {:>6} {:>6} {:>8}", "all", found[0], found[1], found[2]);
    assert!(found[0] >= 190, "{found:?} of 200");
}
