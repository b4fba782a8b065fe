//! Words of dates: the months in the languages of Europe, days of the week, and time zones.

/// The months of a language a line, in lower case without accents; other forms of a month behind a stroke. A word means a
/// month if it is the begin of one, of three letters at least.
const MONTHS: [&str; 24] = [
    "january february march april may june july august september october november december",
    "januar|janner februar|feber marz|maerz april mai juni juli august september oktober november dezember",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart|mrt april mei juni juli augustus september oktober november december",
    "ocak subat mart nisan mayis haziran temmuz agustos eylul ekim kasim aralik",
    "styczen|stycznia luty|lutego marzec|marca kwiecien|kwietnia maj|maja czerwiec|czerwca lipiec|lipca sierpien|sierpnia wrzesien|wrzesnia pazdziernik|pazdziernika listopad|listopada grudzien|grudnia",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november december",
    "januar februar mars april mai juni juli august september oktober november desember",
    "tammikuu|tammikuuta helmikuu|helmikuuta maaliskuu|maaliskuuta huhtikuu|huhtikuuta toukokuu|toukokuuta kesakuu|kesakuuta heinakuu|heinakuuta elokuu|elokuuta syyskuu|syyskuuta lokakuu|lokakuuta marraskuu|marraskuuta joulukuu|joulukuuta",
    "leden|ledna unor|unora brezen|brezna duben|dubna kveten|kvetna cerven|cervna cervenec|cervence srpen|srpna zari rijen|rijna listopad|listopadu prosinec|prosince",
    "januar|januara februar|februara marec|marca april|aprila maj|maja jun|juna jul|jula august|augusta september|septembra oktober|oktobra november|novembra december|decembra",
    "januar februar marcius aprilis majus junius julius augusztus szeptember oktober november december",
    "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie|noi decembrie",
    "январь|января февраль|февраля март|марта апрель|апреля маи|мая июнь|июня июль|июля август|августа сентябрь|сентября октябрь|октября ноябрь|ноября декабрь|декабря",
    "січень|січня лютии|лютого березень|березня квітень|квітня травень|травня червень|червня липень|липня серпень|серпня вересень|вересня жовтень|жовтня листопад|листопада грудень|грудня",
    "януари февруари март април маи юни юли август септември октомври ноември декември",
    "ιανουαριος|ιανουαριου φεβρουαριος|φεβρουαριου μαρτιος|μαρτιου απριλιος|απριλιου μαιος|μαιου ιουνιος|ιουνιου ιουλιος|ιουλιου αυγουστος|αυγουστου σεπτεμβριος|σεπτεμβριου οκτωβριος|οκτωβριου νοεμβριος|νοεμβριου δεκεμβριος|δεκεμβριου",
    "januar februar marec april maj junij julij avgust september oktober november december",
    "sausis|sausio vasaris|vasario kovas|kovo balandis|balandzio geguze|geguzes birzelis|birzelio liepa|liepos rugpjutis|rugpjucio rugsejis|rugsejo spalis|spalio lapkritis|lapkricio gruodis|gruodzio",
    "jaanuar veebruar marts aprill mai juuni juuli august september oktoober november detsember",
];

/// Abbreviations that are no begins, and that of a month where a longer one begins alike.
const SHORT: [(&str, i64); 8] =
    [("jan", 1), ("mar", 3), ("mrz", 3), ("abr", 4), ("maj", 5), ("juil", 7), ("sept", 9), ("lis", 11)];

/// The month that a word means, from 1; `None` for another word, and for one that is the begin of two months.
pub fn month(word: &str) -> Option<i64> {
    word.chars().nth(2)?;
    if let Some((_, month)) = SHORT.iter().find(|(short, _)| *short == word) {
        return Some(*month);
    }
    let mut found = None;
    for names in MONTHS {
        for (number, forms) in (1_i64..).zip(names.split(' ')) {
            for name in forms.split('|') {
                if name == word {
                    return Some(number);
                }
                if name.starts_with(word) {
                    match found {
                        Some(other) if other != number => found = Some(0),
                        _ => found = Some(number),
                    }
                }
            }
        }
    }
    found.filter(|month| *month > 0)
}

/// The days of the week as they stand behind dates; in lower case without accents.
const WEEKDAYS: &str = " monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag \
    sonnabend sonntag lunes martes miercoles jueves viernes sabado domingo lundi mardi mercredi jeudi vendredi samedi dimanche \
    lunedi martedi mercoledi giovedi venerdi domenica segunda terca quarta quinta sexta maandag dinsdag woensdag donderdag \
    vrijdag zaterdag zondag pazartesi sali carsamba persembe cuma cumartesi pazar poniedzialek wtorek sroda czwartek piatek \
    sobota niedziela понедельник вторник среда четверг пятница суббота воскресенье 월요일 화요일 수요일 목요일 금요일 토요일 일요일 \
    月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日 星期一 星期二 星期三 星期四 星期五 星期六 星期日 ";

/// Whether a word is a day of the week.
pub fn is_weekday(word: &str) -> bool {
    !word.is_empty() && !word.contains(' ') && WEEKDAYS.contains(&format!(" {word} "))
}

/// Time zones by the letters that are of one alone, or that RFC 822 and the habit of computers give to one; minutes east
/// of UTC. IST, of three countries, is none.
const ZONES: [(&str, i64); 60] = [
    ("z", 0),
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("west", 60),
    ("bst", 60),
    ("cet", 60),
    ("mez", 60),
    ("cest", 120),
    ("mesz", 120),
    ("sast", 120),
    ("eet", 120),
    ("eest", 180),
    ("msk", 180),
    ("trt", 180),
    ("gst", 240),
    ("pkt", 300),
    ("wib", 420),
    ("ict", 420),
    ("hkt", 480),
    ("sgt", 480),
    ("pht", 480),
    ("awst", 480),
    ("jst", 540),
    ("kst", 540),
    ("acst", 570),
    ("aest", 600),
    ("acdt", 630),
    ("aedt", 660),
    ("nzst", 720),
    ("nzdt", 780),
    ("ndt", -150),
    ("nst", -210),
    ("adt", -180),
    ("ast", -240),
    ("brt", -180),
    ("art", -180),
    ("clst", -180),
    ("clt", -240),
    ("edt", -240),
    ("est", -300),
    ("cot", -300),
    ("pet", -300),
    ("cdt", -300),
    ("cst", -360),
    ("mdt", -360),
    ("mst", -420),
    ("pdt", -420),
    ("pst", -480),
    ("akdt", -480),
    ("akst", -540),
    ("hst", -600),
    ("wat", 60),
    ("cat", 120),
    ("eat", 180),
    ("azt", 240),
    ("uzt", 300),
    ("npt", 345),
    ("mmt", 390),
];

/// The minutes east of UTC of a time zone's abbreviation.
pub fn zone(word: &str) -> Option<i64> {
    ZONES.iter().find(|(name, _)| *name == word).map(|(_, minutes)| *minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_month_means_that_month() {
        for names in MONTHS {
            let months: Vec<&str> = names.split(' ').collect();
            assert_eq!(months.len(), 12, "{names}");
            for (number, forms) in (1..).zip(months) {
                forms.split('|').for_each(|name| assert_eq!(month(name), Some(number), "{name}"));
            }
        }
    }

    #[test]
    fn the_begin_of_a_name_means_its_month_where_it_is_the_begin_of_one() {
        let all = "jan feb mar apr may jun jul aug sep oct nov dec janv fevr avr juil aou ene abr ago dic gen mag giu lug set ott \
                   out dez okt mai des nis haz tem eyl eki kas ara sty lut kwi cze lip sie wrz paz lis gru tammi huhti loka \
                   led srp zari янв фев апр июн июл сен окт ноя дек";
        let months = [
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 4, 7, 8, 1, 4, 8, 12, 1, 5, 6, 7, 9, 10, 10, 12, 10, 5, 12, 4,
            6, 7, 9, 10, 11, 12, 1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 1, 4, 10, 1, 8, 9, 1, 2, 4, 6, 7, 9, 10, 11, 12,
        ];
        let words: Vec<&str> = all.split_whitespace().collect();
        assert_eq!(words.len(), months.len());
        for (word, expected) in words.into_iter().zip(months) {
            assert_eq!(month(word), Some(expected), "{word}");
        }
        for word in ["jui", "ju", "m", "monday", "", "rug"] {
            assert_eq!(month(word), None, "{word}");
        }
    }
}
