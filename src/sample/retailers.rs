//! The ten retailers: how big they are, what they charge and how their URLs, codes and images behave.

/// How a retailer makes its product URLs, and how the same product's URL looks the next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlHabit {
    /// The product code is in the path; tracking parameters differ between two looks.
    CodeInPath,
    /// The same URL every time.
    Stable,
    /// Campaign parameters on both sides, never the same.
    Tracked,
    /// The host comes with and without `www.`, in lower and mixed case.
    HostCase,
    /// With and without a slash at the end.
    TrailingSlash,
    /// The path names the style; the colour, and so the product, is a query parameter.
    IdentityInQuery,
    /// A session number in the path.
    SessionInPath,
    /// Fragments, and percent-encoded letters that need none.
    Fragment,
    /// The path repeats the title, and changes with it.
    TitleInPath,
    /// A country prefix in the path that depends on where the look was taken from.
    CountryInPath,
}

/// A retailer. Shares are parts of 1,000.
pub struct Retailer {
    /// The key in the `retailer` columns.
    pub key: &'static str,
    /// The host of its shop, without `www.`.
    pub host: &'static str,
    /// Share of all rows.
    pub share: u32,
    /// How its URLs behave.
    pub urls: UrlHabit,
    /// Share of catalog rows whose product was listed anew, with another URL and code.
    pub relisted: u32,
    /// Share of our product rows that carry a code.
    pub coded: u32,
    /// Share of catalog rows that show another set of images.
    pub new_images: u32,
    /// Lowest list price, units of currency.
    pub lowest_price: u32,
    /// Highest list price, units of currency.
    pub highest_price: u32,
}

/// The retailers, the biggest first; it has a third of the rows.
pub const RETAILERS: [Retailer; 10] = [
    Retailer {
        key: "revolve",
        host: "revolve.example",
        share: 334,
        urls: UrlHabit::CodeInPath,
        relisted: 540,
        coded: 700,
        new_images: 250,
        lowest_price: 28,
        highest_price: 520,
    },
    Retailer {
        key: "marlowe",
        host: "marlowe.example",
        share: 130,
        urls: UrlHabit::Stable,
        relisted: 80,
        coded: 600,
        new_images: 20,
        lowest_price: 18,
        highest_price: 260,
    },
    Retailer {
        key: "saltmarsh",
        host: "saltmarsh.example",
        share: 110,
        urls: UrlHabit::Tracked,
        relisted: 140,
        coded: 500,
        new_images: 50,
        lowest_price: 24,
        highest_price: 340,
    },
    Retailer {
        key: "northrow",
        host: "northrow.example",
        share: 90,
        urls: UrlHabit::HostCase,
        relisted: 160,
        coded: 450,
        new_images: 40,
        lowest_price: 30,
        highest_price: 420,
    },
    Retailer {
        key: "lindgren",
        host: "lindgren.example",
        share: 80,
        urls: UrlHabit::TrailingSlash,
        relisted: 120,
        coded: 500,
        new_images: 30,
        lowest_price: 12,
        highest_price: 180,
    },
    Retailer {
        key: "petalworks",
        host: "petalworks.example",
        share: 70,
        urls: UrlHabit::IdentityInQuery,
        relisted: 80,
        coded: 600,
        new_images: 60,
        lowest_price: 20,
        highest_price: 300,
    },
    Retailer {
        key: "ateliervey",
        host: "ateliervey.example",
        share: 60,
        urls: UrlHabit::SessionInPath,
        relisted: 200,
        coded: 550,
        new_images: 450,
        lowest_price: 60,
        highest_price: 900,
    },
    Retailer {
        key: "harbourco",
        host: "harbourco.example",
        share: 50,
        urls: UrlHabit::Fragment,
        relisted: 160,
        coded: 400,
        new_images: 50,
        lowest_price: 26,
        highest_price: 380,
    },
    Retailer {
        key: "quillandoak",
        host: "quillandoak.example",
        share: 40,
        urls: UrlHabit::TitleInPath,
        relisted: 80,
        coded: 850,
        new_images: 30,
        lowest_price: 22,
        highest_price: 320,
    },
    Retailer {
        key: "tidewell",
        host: "tidewell.example",
        share: 36,
        urls: UrlHabit::CountryInPath,
        relisted: 220,
        coded: 0,
        new_images: 100,
        lowest_price: 16,
        highest_price: 240,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_make_a_whole_and_the_first_retailer_has_a_third() {
        assert_eq!(RETAILERS.iter().map(|retailer| retailer.share).sum::<u32>(), 1000);
        assert_eq!(RETAILERS[0].share, 334);
    }
}
