//! Times as IoT Hub writes them: ISO 8601 in UTC. Pure arithmetic on milliseconds since 1970; the clock is
//! somebody else's.

const DAY_MS: i64 = 86_400_000;

/// `2025-01-01T00:00:00.000Z` of milliseconds since 1970.
#[must_use]
pub fn format_millis(unix_millis: i64) -> String {
    let (year, month, day) = civil_from_days(unix_millis.div_euclid(DAY_MS));
    let ms = unix_millis.rem_euclid(DAY_MS);
    // One type of number for all, the one that a page's download has already.
    let [year, month, day, ms] = [year, month, day, ms].map(|part| u32::try_from(part).unwrap_or(0));
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        ms / 3_600_000,
        ms / 60_000 % 60,
        ms / 1000 % 60,
        ms % 1000
    )
}

/// `2025-01-01T00:00:00.0000000Z`: the .NET round-trip form that C2D expiry times have (and the C# SDK needs).
#[must_use]
pub fn format_round_trip(unix_millis: i64) -> String {
    let text = format_millis(unix_millis);
    format!("{}0000Z", text.trim_end_matches('Z'))
}

/// Milliseconds since 1970 of an ISO 8601 time: `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`; none for other text.
#[must_use]
pub fn parse_millis(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !text.is_ascii() {
        return None;
    }
    let punctuation = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if punctuation.iter().any(|(at, want)| bytes[*at] != *want) || !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..10])?);
    let (hour, minute, second) = (number(&text[11..13])?, number(&text[14..16])?, number(&text[17..19])?);
    let days = days_from_civil(year, month, day);
    // A day that its month does not have would be one of the next month.
    let is_day = (1..=12).contains(&month) && civil_from_days(days) == (year, month, day);
    if !is_day || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, zone) = split_fraction(&text[19..])?;
    let clock = (hour * 3600 + minute * 60 + second) * 1000 + fraction - zone_offset(zone)?;
    Some(days * DAY_MS + clock)
}

fn number(text: &str) -> Option<i64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn split_fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    let millis =
        rest.bytes().take(digits).chain([b'0'; 3]).take(3).fold(0, |n, b| n * 10 + i64::from(b - b'0'));
    Some((millis, &rest[digits..]))
}

fn zone_offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone[1..].split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2)?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

/// The date of a day counted from 1970-01-01, after Howard Hinnant's `civil_from_days`.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn known_times_are_written_and_read() {
        assert_eq!(format_millis(1_735_689_600_000), "2025-01-01T00:00:00.000Z");
        assert_eq!(format_round_trip(1_563_577_600_000), "2019-07-19T23:06:40.0000000Z");
        assert_eq!(parse_millis("2025-01-01T00:00:00Z"), Some(1_735_689_600_000));
        assert_eq!(parse_millis("2023-06-19T13:35:13.4276974Z"), Some(1_687_181_713_427));
        assert_eq!(parse_millis("2025-01-01T01:00:00+01:00"), Some(1_735_689_600_000));
        assert_eq!(parse_millis("2024-02-29T00:00:00Z"), Some(1_709_164_800_000));
        for text in [
            "",
            "2025-01-01",
            "2025-13-01T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-02-31T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2025-04-31T00:00:00Z",
            "2025-01-00T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "2025-01-01T00:60:00Z",
            "2025-01-01T00:00:00+24:00",
            "2025-01-01T00:00:00+01:60",
            "2025-01-01T00:00:00",
            "2025-01-01T00:00:00.Z",
            "2025-01-01T00:00:00+1:00",
            "2027-01-01T00:00:00+066666666666666666:0000",
            "é025-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_millis(text), None, "{text}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn a_written_time_is_read_back(ms in -62_000_000_000_000i64..250_000_000_000_000) {
            proptest::prop_assert_eq!(parse_millis(&format_millis(ms)), Some(ms));
        }

        #[test]
        fn reading_never_panics(text in ".{0,40}") {
            let _ = parse_millis(&text);
        }
    }
}
