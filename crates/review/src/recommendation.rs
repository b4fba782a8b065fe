//! Recommendations with what was decided of them.

use rusqlite::types::Value;
use serde::Serialize;
use serde_json::Value as Json;

/// What became of a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has decided.
    Pending,
    /// It may be offered.
    Approved,
    /// It must not be offered, and never comes back.
    Rejected,
    /// It is offered.
    Active,
    /// It was offered.
    Inactive,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Approved, Self::Rejected, Self::Active, Self::Inactive];

    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// The status of a word.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether a person said yes to it.
    pub const fn is_approved(self) -> bool {
        matches!(self, Self::Approved | Self::Active | Self::Inactive)
    }
}

/// A recommendation, the best first by its rank in the shop.
#[derive(Clone, Debug, Serialize)]
pub struct Recommendation {
    /// What it is known by.
    pub id: String,
    /// The shop; empty for one without a name.
    pub shop_id: String,
    /// The upload that it was made from.
    pub csv_upload_id: Option<String>,
    /// The type, by its canonical name.
    pub bundle_type: String,
    /// What it is for.
    pub objective: String,
    /// The items and what they are in it.
    pub products: Json,
    /// What it costs.
    pub pricing: Json,
    /// What the shop says of it.
    pub ai_copy: Json,
    /// 0 to 1.
    pub confidence: f64,
    /// The lift that is announced.
    pub predicted_lift: f64,
    /// The share of orders that hold all items.
    pub support: Option<f64>,
    /// How many times as often as by chance.
    pub lift: Option<f64>,
    /// 0 to 1.
    pub ranking_score: f64,
    /// From 1, in the shop.
    pub rank_position: Option<i64>,
    /// When it was made.
    pub created_at: String,
    /// What makes it the same bundle in another run.
    pub dedupe_hash: String,
    /// Why it was chosen.
    pub explanation: Json,
    /// What its score is made of.
    pub ranking_components: Json,
    /// What proposed it.
    pub sources: Json,
    /// Cents that it is expected to earn more a month.
    pub expected_margin_cents: Option<i64>,
    /// It earns less than this with a chance of 5 %.
    pub expected_margin_low_cents: Option<i64>,
    /// It earns more than this with a chance of 5 %.
    pub expected_margin_high_cents: Option<i64>,
    /// The chance that the offer adds.
    pub added_chance: Option<f64>,
    /// The share of its trigger's buyers that it is credited with.
    pub trigger_share: Option<f64>,
    /// What became of it.
    pub status: Status,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When it was decided.
    pub decided_at: Option<String>,
    /// What was said of the decision.
    pub note: Option<String>,
    /// The bundle that was made of it.
    pub bundle_id: Option<String>,
    /// Who changed its price or texts last.
    pub edited_by: Option<String>,
    /// The last entry of the log about it; 0 for none. What is given as seen must still be so.
    pub log_id: i64,
}

impl Recommendation {
    /// The title that customers read, or else the type.
    pub fn title(&self) -> &str {
        self.ai_copy.get("title").and_then(Json::as_str).filter(|title| !title.is_empty()).unwrap_or(&self.bundle_type)
    }

    /// The items, as `products.items` has them.
    pub fn items(&self) -> &[Json] {
        self.products.get("items").and_then(Json::as_array).map_or(&[], Vec::as_slice)
    }

    /// The names of the items.
    pub fn item_names(&self) -> Vec<&str> {
        self.items().iter().filter_map(|item| item.get("name").and_then(Json::as_str)).collect()
    }
}

/// Which recommendations are asked for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Made from one upload.
    pub upload: Option<String>,
    /// By what they are ordered.
    pub order: Order,
    /// Those that come after this one in the order.
    pub after: Option<Cursor>,
    /// Of one shop.
    pub shop: Option<String>,
    /// Of some statuses; empty for all.
    pub status: Vec<Status>,
    /// Of one type, by its canonical name.
    pub bundle_type: Option<String>,
    /// For one objective.
    pub objective: Option<String>,
    /// With an item whose id, SKU, name or title holds this.
    pub item: Option<String>,
    /// With at least this score.
    pub min_score: Option<f64>,
    /// With at least this confidence.
    pub min_confidence: Option<f64>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// By what recommendations are ordered. The last word always has the id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By shop and rank; those without a rank last.
    #[default]
    Rank,
    /// The best score first, then the surest, then the newest.
    Score,
    /// What is expected to earn most first.
    Margin,
}

/// A place in an order: what a row has of its keys, the id last.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor(pub Vec<Value>);

impl Cursor {
    /// The place of a recommendation in an order.
    pub fn of(order: Order, recommendation: &Recommendation) -> Self {
        let of = recommendation;
        let id = Value::Text(of.id.clone());
        Self(match order {
            Order::Rank => vec![Value::Integer(of.rank_position.unwrap_or(i64::MAX)), id],
            Order::Score => {
                vec![Value::Real(of.ranking_score), Value::Real(of.confidence), Value::Text(of.created_at.clone()), id]
            }
            Order::Margin => vec![Value::Integer(of.expected_margin_cents.unwrap_or(-i64::MAX)), id],
        })
    }
}
