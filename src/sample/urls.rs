//! Product URLs: as we stored them, and as a later look at the catalog finds them.

use super::{
    listing::{Listing, base36},
    retailers::UrlHabit,
    titles,
};
use crate::dice::Dice;

/// The URL stored with our product. No two listings share one.
pub fn stored(listing: &Listing, dice: &mut Dice) -> String {
    let host = listing.retailer.host;
    let id = base36(listing.serial);
    match listing.retailer.urls {
        UrlHabit::CodeInPath => {
            format!("https://www.{host}/{}/dp/{}/", titles::slug(&listing.title), listing.code)
        }
        UrlHabit::Stable => format!("https://www.{host}/products/{}-{id}", titles::slug(&listing.title)),
        UrlHabit::Tracked => {
            let path = format!("https://{host}/shop/{}-{id}", titles::slug(&listing.title));
            if dice.permille(300) { format!("{path}?{}", campaign(dice)) } else { path }
        }
        UrlHabit::HostCase => format!("https://www.{host}/p/{id}/{}", titles::slug(&listing.title)),
        UrlHabit::TrailingSlash => format!("https://{host}/{}/{id}/", titles::slug(&listing.title)),
        UrlHabit::IdentityInQuery => {
            // The number after the colour's name is the shop's own; the colour alone would not tell two listings apart.
            let shade = format!("{}-{}", titles::slug(listing.colour), listing.serial - listing.style);
            format!("https://shop.{host}/{}-{}?color={shade}", listing.style_title, base36(listing.style))
        }
        UrlHabit::SessionInPath => format!("https://{host}/s/{:08x}/item/{id}", dice.bits() as u32),
        UrlHabit::Fragment => format!("https://{host}/item/{}/{id}", titles::slug(&listing.title)),
        UrlHabit::TitleInPath => format!("https://www.{host}/{}-p{id}", titles::slug(&listing.title)),
        UrlHabit::CountryInPath => format!("https://{host}/en-us/{}-{id}.html", titles::slug(&listing.title)),
    }
}

/// The URL a later look finds, given the stored one and the title of that later look.
pub fn seen(listing: &Listing, stored: &str, title: &str, dice: &mut Dice) -> String {
    let host = listing.retailer.host;
    let www = format!("://www.{host}");
    match listing.retailer.urls {
        UrlHabit::CodeInPath => match dice.below(100) {
            0..30 => stored.to_owned(),
            _ => format!("{stored}?d=Womens&page={}&lc={}", dice.between(1, 40), dice.between(1, 99)),
        },
        UrlHabit::Stable => stored.to_owned(),
        UrlHabit::Tracked => {
            let path = stored.split('?').next().unwrap_or(stored);
            format!("{path}?{}", campaign(dice))
        }
        UrlHabit::HostCase => match dice.below(100) {
            0..45 => stored.to_owned(),
            45..65 => format!("{stored}?ref=plp"),
            65..90 => stored.replacen(&www, &format!("://{host}"), 1),
            _ => stored.replacen(&www, "://WWW.NorthRow.example", 1),
        },
        UrlHabit::TrailingSlash => match dice.below(100) {
            0..40 => stored.to_owned(),
            40..90 => stored.trim_end_matches('/').to_owned(),
            _ => format!("{stored}/"),
        },
        UrlHabit::IdentityInQuery => match dice.below(100) {
            0..60 => stored.to_owned(),
            60..85 => format!("{stored}&size={}", dice.pick(&["xs", "s", "m", "l", "xl"])),
            _ => stored.replacen("?color=", &format!("?{}&color=", campaign(dice)), 1),
        },
        UrlHabit::SessionInPath => {
            format!("https://{host}/s/{:08x}/item/{}", dice.bits() as u32, base36(listing.serial))
        }
        UrlHabit::Fragment => match dice.below(100) {
            0..55 => stored.to_owned(),
            55..85 => format!("{stored}#colour={}", titles::slug(listing.colour)),
            _ => stored.replacen('-', "%2D", 1),
        },
        UrlHabit::TitleInPath => format!("https://www.{host}/{}-p{}", titles::slug(title), base36(listing.serial)),
        UrlHabit::CountryInPath => match dice.below(100) {
            0..60 => stored.to_owned(),
            60..85 => stored.replacen("/en-us/", "/en-gb/", 1),
            _ => stored.replacen("/en-us/", "/de-de/", 1),
        },
    }
}

fn campaign(dice: &mut Dice) -> String {
    let source = dice.pick(&["newsletter", "search", "social", "affiliate"]);
    format!("utm_source={source}&utm_campaign={}", base36(u64::from(dice.between(1296, 46_655))))
}
