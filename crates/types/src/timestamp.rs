//! Points in time, to the millisecond, as AWS's APIs carry them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A point in time: milliseconds since the Unix epoch.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// After every other time.
    pub const MAX: Self = Self(i64::MAX);

    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the epoch; what is below a millisecond is dropped.
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Self {
        Self((secs * 1_000.0).round() as i64)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Seconds since the epoch with their fraction.
    #[must_use]
    pub fn secs_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// The time since `earlier`, or zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0) as u64)
    }

    /// The point `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The point `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-23T04:30:33.120Z`.
    #[must_use]
    pub fn iso8601_millis(self) -> String {
        self.zoned().map_or_else(|| self.0.to_string(), |t| t.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }

    /// RFC 3339 in UTC without a fraction: `2026-11-23T04:30:33Z`.
    #[must_use]
    pub fn iso8601_secs(self) -> String {
        self.zoned().map_or_else(|| self.0.to_string(), |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// SigV4's date form: `20261123T043033Z`.
    #[must_use]
    pub fn basic(self) -> String {
        self.zoned().map_or_else(String::new, |t| t.strftime("%Y%m%dT%H%M%SZ").to_string())
    }

    /// The HTTP date form: `Mon, 23 Nov 2026 04:30:33 GMT`.
    #[must_use]
    pub fn http_date(self) -> String {
        self.zoned().map_or_else(String::new, |t| t.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    }

    /// Any other `strftime` form, in UTC.
    #[must_use]
    pub fn format(self, pattern: &str) -> String {
        self.zoned().map_or_else(String::new, |t| t.strftime(pattern).to_string())
    }

    /// Reads SigV4's date form.
    pub fn parse_basic(text: &str) -> Result<Self, TimestampError> {
        parse_utc("%Y%m%dT%H%M%SZ", text)
    }

    /// Reads the HTTP date form.
    pub fn parse_http_date(text: &str) -> Result<Self, TimestampError> {
        parse_utc("%a, %d %b %Y %H:%M:%S GMT", text)
    }

    fn zoned(self) -> Option<jiff::Zoned> {
        jiff::Timestamp::from_millisecond(self.0).ok().map(|t| t.to_zoned(jiff::tz::TimeZone::UTC))
    }
}

fn parse_utc(pattern: &str, text: &str) -> Result<Timestamp, TimestampError> {
    let civil = jiff::civil::DateTime::strptime(pattern, text).map_err(|_| TimestampError)?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| TimestampError)?;
    Ok(Timestamp(zoned.timestamp().as_millisecond()))
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads RFC 3339 with any offset and any fraction.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        Ok(Self(parsed.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso8601_millis())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a point in time of the expected form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a timestamp")]
pub struct TimestampError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back() {
        let t = Timestamp::from_millis(1_795_408_233_120);
        assert_eq!(t.iso8601_millis(), "2026-11-23T04:30:33.120Z");
        assert_eq!("2026-11-23T04:30:33.120Z".parse(), Ok(t));
        assert_eq!("2026-11-23T05:30:33.120+01:00".parse(), Ok(t));
        let whole = Timestamp::from_millis(1_795_408_233_000);
        assert_eq!(Timestamp::parse_basic(&t.basic()), Ok(whole));
        assert_eq!(Timestamp::parse_http_date(&t.http_date()), Ok(whole));
        assert_eq!(t.http_date(), "Mon, 23 Nov 2026 04:30:33 GMT");
    }
}
