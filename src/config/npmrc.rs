//! What npm's own settings say, for bringing packages from where npm would.

use std::path::PathBuf;

/// The registry that npm's own settings name for a package: `npm_config_registry`, or `registry` in
/// `~/.npmrc`, there also for the package's scope alone. `None` where they say nothing.
pub fn npm_registry(package: &str) -> Option<String> {
    let told = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let file = told("npm_config_userconfig")
        .or_else(|| told("NPM_CONFIG_USERCONFIG"))
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".npmrc")));
    let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let scope = package.split_once('/').map_or("", |(scope, _)| scope);
    in_npmrc(&text, &format!("{scope}:registry"))
        .or_else(|| told("npm_config_registry"))
        .or_else(|| told("NPM_CONFIG_REGISTRY"))
        .or_else(|| in_npmrc(&text, "registry"))
}

/// The last value of a key of npm's settings file.
fn in_npmrc(text: &str, key: &str) -> Option<String> {
    let mut values =
        text.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| name.trim() == key);
    let value = values.next_back()?.1.trim().trim_matches(['"', '\'']).to_owned();
    // npm would put variables in their places.
    (!value.is_empty() && !value.contains("${")).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_the_one_that_npm_asks() {
        let text = "; registry=http://no\nfund=false\nregistry = \"http://a/\"\n@chdb:registry=http://b/npm/\nregistry=http://c/\n";
        assert_eq!(in_npmrc(text, "registry").as_deref(), Some("http://c/"));
        assert_eq!(in_npmrc(text, "@chdb:registry").as_deref(), Some("http://b/npm/"));
        assert_eq!(in_npmrc(text, "@other:registry"), None);
        assert_eq!(in_npmrc("registry=${MIRROR}", "registry"), None);
    }
}
