//! The environment variables that are settings, and a word about those that look like one.
//!
//! Shop back-ends name their own keys with the same prefix (`SHOPFUNNEL_SECRET_KEY`), so a variable that is
//! no setting is told and stops nothing. The settings file is ours alone: an unknown name there is an error.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// What every variable of ours begins with.
pub const PREFIX: &str = "SHOPFUNNEL_";
/// Stands between two levels of a setting's name.
const SEPARATOR: &str = "__";
/// More letters than these are no slip of the finger.
const MAX_SLIPS: usize = 2;

/// Every setting that a variable may give. A test compares them with what the file may hold.
pub const SETTINGS: &[&str] = &[
    "listen",
    "admin_listen",
    "data_dir",
    "public_url",
    "trusted_proxies",
    "clickhouse.url",
    "clickhouse.ca_file",
    "clickhouse.user",
    "clickhouse.password",
    "clickhouse.headers",
    "clickhouse.database",
    "engine.library",
    "engine.max_memory",
    "geo.database",
    "spool.max_bytes",
    "log.format",
    "limits.client_requests",
    "limits.client_burst",
    "limits.client_events_per_minute",
    "limits.client_events_burst",
    "limits.shop_requests",
    "limits.server_events",
    "limits.reports",
    "limits.new_values_per_client",
    "limits.new_values_per_day",
    "limits.new_pages_per_day",
    #[cfg(feature = "planted-faults")]
    "planted_fault",
];

/// The variables of ours, sorted out.
#[derive(Debug, Default)]
pub struct Sorted {
    /// By the name of the setting: the variable as it is spelt, and its value.
    pub settings: BTreeMap<&'static str, (String, String)>,
    /// Sentences about what is no setting.
    pub warnings: Vec<String>,
    /// A setting whose value is no text: the variable's name.
    pub unreadable: Option<String>,
}

/// Sorts `variables`; those of others are passed over.
pub fn sort(variables: impl Iterator<Item = (OsString, OsString)>) -> Sorted {
    let mut sorted = Sorted::default();
    for (name, value) in variables {
        let Some(name) = name.to_str() else { continue };
        let Some(rest) = name.to_ascii_uppercase().strip_prefix(PREFIX).map(str::to_owned) else { continue };
        let Some(setting) = SETTINGS.iter().find(|setting| spelt(setting) == rest) else {
            sorted.warnings.push(unknown(name, &rest));
            continue;
        };
        match value.into_string() {
            Ok(value) => drop(sorted.settings.insert(setting, (name.to_owned(), value))),
            Err(_) => sorted.unreadable = Some(name.to_owned()),
        }
    }
    sorted
}

/// The variable's name behind the prefix.
fn spelt(setting: &str) -> String {
    setting.replace('.', SEPARATOR).to_ascii_uppercase()
}

fn unknown(name: &str, rest: &str) -> String {
    let near = SETTINGS
        .iter()
        .map(|setting| spelt(setting))
        .map(|known| (strsim::damerau_levenshtein(&known.replace('_', ""), &rest.replace('_', "")), known))
        .filter(|(slips, known)| *slips <= MAX_SLIPS.min(known.len() / 3))
        .min();
    match near {
        Some((_, known)) => {
            format!("{name} is no setting of shopfunnel and is ignored; did you mean {PREFIX}{known}?")
        }
        None => format!("{name} is no setting of shopfunnel and is ignored"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(variables: &[(&str, &str)]) -> Sorted {
        sort(variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn a_variable_that_is_no_setting_is_told_with_the_setting_that_is_near() {
        for (name, says) in [
            ("SHOPFUNNEL_SECRET_KEY", "SHOPFUNNEL_SECRET_KEY is no setting of shopfunnel and is ignored"),
            ("SHOPFUNNEL_LISTEM", "did you mean SHOPFUNNEL_LISTEN?"),
            ("SHOPFUNNEL_SPOOL__MAXBYTES", "did you mean SHOPFUNNEL_SPOOL__MAX_BYTES?"),
            ("SHOPFUNNEL_CLICKHOUSE_URL", "did you mean SHOPFUNNEL_CLICKHOUSE__URL?"),
            ("SHOPFUNNEL_CLICKHOUSE", "SHOPFUNNEL_CLICKHOUSE is no setting"),
            ("SHOPFUNNEL_SHOPS", "SHOPFUNNEL_SHOPS is no setting"),
            ("SHOPFUNNEL_", "SHOPFUNNEL_ is no setting"),
        ] {
            let found = sorted(&[(name, "s3cret")]);
            assert!(found.settings.is_empty() && found.warnings.len() == 1, "{found:?}");
            assert!(found.warnings[0].contains(says), "{found:?}");
            assert!(!found.warnings[0].contains("s3cret"), "a foreign value may be a key: {found:?}");
            assert_eq!(
                found.warnings[0].contains("did you mean"),
                says.contains("did you mean"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn settings_are_found_in_any_case_and_others_variables_are_passed_over() {
        let found = sorted(&[("shopfunnel_listen", "a"), ("PATH", "b"), ("SHOPFUNNELS", "c")]);
        assert_eq!(found.settings["listen"], ("shopfunnel_listen".to_owned(), "a".to_owned()));
        assert!(found.warnings.is_empty() && found.settings.len() == 1, "{found:?}");
    }
}
