//! Itemsets as they were written, read back by shop with items as numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use polars::prelude::*;

use super::super::{chance::ChanceOrders, itemsets::Itemsets, orders::Names, rules::Among};
use crate::operator::{ColumnKind, StageError, for_each_batch};

/// The itemsets of one shop. An item's number is the place of its text in byte order.
pub struct ShopSets {
    /// The shop; `None` where none is named.
    pub shop: Option<String>,
    /// The orders that the sets count.
    pub orders: u32,
    /// All orders.
    pub all_orders: u32,
    /// As many as bring items together by chance as often.
    pub chance: ChanceOrders,
    /// The count below which sets are there because the support was chosen; 0 where it was not.
    pub usual_count: u32,
    /// The sets, their items ascending.
    pub sets: Itemsets,
    names: Names,
}

/// The columns of the sets that cannot be used.
pub const REJECTED_SETS: [(&str, ColumnKind); 3] =
    [("shop_id", ColumnKind::Text), ("items", ColumnKind::Text), ("reason", ColumnKind::Text)];

/// The count of a set that is rejected, while it is among the others.
const REJECTED: u32 = 0;

/// A shop's sets while they are read: an item's number is the order in which it was first seen.
#[derive(Default)]
struct Reading {
    sets: Itemsets,
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

type Rejected = Vec<(Option<String>, Option<String>, &'static str)>;

/// Reads the itemsets of all shops that `shops` names, by shop; and those rows that cannot be used, with the reason.
///
/// # Errors
/// When a frame cannot be read.
pub fn read_sets(itemsets: LazyFrame, shops: LazyFrame) -> Result<(Vec<ShopSets>, DataFrame), StageError> {
    let mut read = read_shops(shops)?;
    let mut rejected = Rejected::new();
    let columns = [col("shop_id").cast(DataType::String), col("items"), col("support_count")];
    for_each_batch(itemsets.select(columns), StageError::from, |batch| {
        let (shops, items) = (batch.column("shop_id")?.str()?, ItemLists::of(batch.column("items")?)?);
        for ((row, shop), count) in shops.iter().enumerate().zip(batch.column("support_count")?.i64()?.iter()) {
            let shop = shop.map(str::to_owned);
            let reason = match read.get_mut(&shop) {
                None => Some("the shop is not among the shops"),
                Some((facts, reading)) => reading.add(items.get(row), count, facts.orders).err(),
            };
            if let Some(reason) = reason {
                rejected.push((shop, items.shown(row), reason));
            }
        }
        Ok(())
    })?;
    let finish = |(shop, (facts, reading)): (_, (ShopFacts, Reading))| reading.finish(shop, facts);
    let mut shops: Vec<ShopSets> = read.into_iter().map(finish).collect();
    shops.iter_mut().for_each(|shop| shop.take_out_impossible(&mut rejected));
    Ok((shops, rejected_frame(&rejected)?))
}

/// The items of sets: lists, or the JSON texts of such.
enum ItemLists {
    Lists { ends: Vec<i64>, nulls: BooleanChunked, items: StringChunked },
    Json(StringChunked),
}

impl ItemLists {
    fn of(column: &polars::prelude::Column) -> Result<Self, StageError> {
        let column = column.rechunk();
        let refused = || StageError::Input {
            port: "itemsets".to_owned(),
            problem: format!("the column 'items' is {}, not lists of texts", ColumnKind::of(column.dtype()).word()),
            mend: "give the output of mine-itemsets, or JSON arrays of texts".to_owned(),
        };
        match column.dtype() {
            DataType::String => Ok(Self::Json(column.str()?.clone())),
            DataType::Null => Ok(Self::Json(column.cast(&DataType::String)?.str()?.clone())),
            DataType::List(item) if **item == DataType::String => {
                let lists = column.list()?;
                let ends = lists.downcast_as_array().offsets().as_slice().to_vec();
                Ok(Self::Lists { ends, nulls: column.is_null(), items: lists.get_inner().str()?.clone() })
            }
            _ => Err(refused()),
        }
    }

    /// The items of a row; `None` where they are no texts.
    fn get(&self, row: usize) -> Option<Vec<String>> {
        match self {
            Self::Json(texts) => serde_json::from_str(texts.get(row)?).ok(),
            Self::Lists { ends, nulls, items } => {
                let end = |place: usize| ends.get(place).and_then(|end| usize::try_from(*end).ok());
                let (from, to) = (end(row)?, end(row + 1)?);
                let is_there = nulls.get(row) == Some(false);
                is_there.then(|| (from..to).map(|item| items.get(item).map(str::to_owned)).collect()).flatten()
            }
        }
    }

    /// What a rejected row shows of them.
    fn shown(&self, row: usize) -> Option<String> {
        match self {
            Self::Json(texts) => texts.get(row).map(str::to_owned),
            Self::Lists { .. } => self.get(row).map(|items| serde_json::Value::from(items).to_string()),
        }
    }
}

/// What the shops' rows say of one.
#[derive(Clone, Copy)]
struct ShopFacts {
    orders: u32,
    all_orders: u32,
    chance: ChanceOrders,
    usual_count: u32,
}

fn read_shops(shops: LazyFrame) -> Result<BTreeMap<Option<String>, (ShopFacts, Reading)>, StageError> {
    let shops = shops.collect_with_engine(Engine::Streaming)?.unwrap_single();
    let names = shops.column("shop_id")?.cast(&DataType::String)?;
    let numbers = |name: &str| PolarsResult::Ok(shops.column(name)?.i64()?.clone());
    let (orders, all_orders, usual) = (numbers("orders")?, numbers("all_orders")?, numbers("usual_count")?);
    let (pairs, triples) = (numbers("chance_orders")?, numbers("chance_orders_of_three")?);
    let mut read = BTreeMap::new();
    for (row, name) in names.str()?.iter().enumerate() {
        let given = |numbers: &Int64Chunked| numbers.get(row).and_then(|number| u32::try_from(number).ok());
        let orders = given(&orders).unwrap_or_default();
        let chance = |numbers: &Int64Chunked| given(numbers).unwrap_or(orders);
        let facts = ShopFacts {
            orders,
            all_orders: given(&all_orders).unwrap_or_default(),
            chance: ChanceOrders { pairs: chance(&pairs), triples: chance(&triples) },
            usual_count: given(&usual).unwrap_or_default(),
        };
        read.insert(name.map(str::to_owned), (facts, Reading::default()));
    }
    Ok(read)
}

fn rejected_frame(rejected: &Rejected) -> Result<DataFrame, StageError> {
    Ok(df!(
        "shop_id" => rejected.iter().map(|(shop, ..)| shop.as_deref()).collect::<Vec<_>>(),
        "items" => rejected.iter().map(|(_, items, _)| items.as_deref()).collect::<Vec<_>>(),
        "reason" => rejected.iter().map(|(.., reason)| *reason).collect::<Vec<_>>(),
    )?)
}

impl Reading {
    fn add(&mut self, items: Option<Vec<String>>, count: Option<i64>, orders: u32) -> Result<(), &'static str> {
        let names =
            items.filter(|names| !names.is_empty()).ok_or("items is no list of texts, nor a JSON array of texts")?;
        if has_double(&names) {
            return Err("an item is there twice");
        }
        let count = count.and_then(|count| u32::try_from(count).ok()).filter(|count| (1..=orders).contains(count));
        for name in names {
            let next = self.names.len() as u32;
            let number = *self.numbers.entry(name).or_insert_with_key(|name| {
                self.names.push(name.clone());
                next
            });
            self.sets.items.push(number);
        }
        self.sets.offsets.push(self.sets.items.len() as u64);
        // Without a count it is kept until all are read: those that it is a part of are no sets to use either.
        self.sets.counts.push(count.unwrap_or(REJECTED));
        count.map(drop).ok_or("support_count is not from 1 to the shop's orders")
    }

    /// The shop's sets with items by text.
    fn finish(mut self, shop: Option<String>, facts: ShopFacts) -> ShopSets {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_unstable_by_key(|number| self.names.get(*number));
        let mut ranks = vec![0_u32; order.len()];
        let mut names = Names::default();
        for (rank, number) in (0..).zip(order) {
            ranks.get_mut(number).into_iter().for_each(|place| *place = rank);
            names.push(self.names.get(number).map_or("", String::as_str));
        }
        for item in &mut self.sets.items {
            *item = ranks.get(*item as usize).copied().unwrap_or_default();
        }
        for ends in self.sets.offsets.windows(2) {
            if let [start, end] = ends {
                self.sets.items.get_mut(*start as usize..*end as usize).unwrap_or_default().sort_unstable();
            }
        }
        let ShopFacts { orders, all_orders, chance, usual_count } = facts;
        ShopSets { shop, orders, all_orders, chance, usual_count, sets: self.sets, names }
    }
}

fn has_double(names: &[String]) -> bool {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair.first() == pair.last())
}

/// The places of sets that cannot be, with the reason: a set that was there before, one that more orders hold than a part of it,
/// and one with such a part.
fn impossible(sets: &Itemsets) -> BTreeMap<usize, &'static str> {
    let mut reasons = BTreeMap::new();
    let mut counts: HashMap<&[u32], u32> = HashMap::with_capacity(sets.counts.len());
    for (place, (items, count)) in sets.iter().enumerate() {
        if counts.contains_key(items) {
            reasons.insert(place, "the set is there twice");
        } else {
            counts.insert(items, count);
        }
    }
    let sizes: BTreeSet<usize> = sets.iter().map(|(items, _)| items.len()).filter(|size| *size > 1).collect();
    let mut part = Vec::new();
    for size in sizes {
        let is_next = |(items, count): (&[u32], u32)| items.len() == size && count != REJECTED;
        for (place, (items, count)) in sets.iter().enumerate().filter(|(_, set)| is_next(*set)) {
            let found = (0..size).find_map(|left_out| {
                part.clear();
                part.extend(items.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, item)| *item));
                match counts.get(part.as_slice()) {
                    Some(&REJECTED) => Some("a part of it was rejected"),
                    Some(of_part) if *of_part < count => Some("a part of it is in fewer orders"),
                    _ => None,
                }
            });
            if let Some(reason) = found
                && !reasons.contains_key(&place)
            {
                reasons.insert(place, reason);
                counts.insert(items, REJECTED);
            }
        }
    }
    reasons
}

impl ShopSets {
    fn take_out_impossible(&mut self, rejected: &mut Rejected) {
        let reasons = impossible(&self.sets);
        if reasons.is_empty() && !self.sets.counts.contains(&REJECTED) {
            return;
        }
        let mut kept = Itemsets::default();
        for (place, (items, count)) in self.sets.iter().enumerate() {
            if let Some(reason) = reasons.get(&place) {
                rejected.push((self.shop.clone(), Some(self.json(items)), reason));
            } else if count != REJECTED {
                kept.items.extend_from_slice(items);
                kept.offsets.push(kept.items.len() as u64);
                kept.counts.push(count);
            }
        }
        self.sets = kept;
    }

    /// The orders that its rules are made of.
    pub fn among(&self) -> Among {
        Among { orders: self.orders, chance: self.chance, usual_count: self.usual_count }
    }

    /// An item's text.
    pub fn name(&self, item: u32) -> &str {
        self.names.get(item)
    }

    /// Items as a JSON array.
    pub fn json(&self, items: &[u32]) -> String {
        serde_json::Value::from(items.iter().map(|item| self.names.get(*item)).collect::<Vec<_>>()).to_string()
    }
}
