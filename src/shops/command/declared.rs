//! Shops that the settings file declares: made, and kept as the file says.

use super::{CommandError, NewShop, consequences, new_shop, push_newest};
use crate::shops::key::MAX_ACTIVE;
use crate::shops::registry::Registry;
use crate::shops::{Shop, checked_slug};

/// Brings the registry in line with the `[[shops]]` of the settings file: new ones are added with a public
/// key only (the others come from `shop rotate-key`), known ones take the declared rules.
///
/// A shop that is no longer declared stays as it is and may be changed by commands again.
///
/// # Errors
/// The first declaration that is not acceptable, by its slug.
pub fn declare(registry: &Registry, declared: &[NewShop]) -> Result<(), CommandError> {
    release_undeclared(registry, declared)?;
    for (position, new) in declared.iter().enumerate() {
        let slug = new.slug.clone().unwrap_or_default();
        let repeated = declared[..position].iter().any(|earlier| earlier.slug == new.slug);
        if repeated {
            return Err(CommandError::SlugTaken(slug));
        }
        declare_one(registry, new)
            .map_err(|error| CommandError::Declaration { slug, error: Box::new(error) })?;
    }
    Ok(())
}

fn release_undeclared(registry: &Registry, declared: &[NewShop]) -> Result<(), CommandError> {
    let is_declared = |slug: &str| declared.iter().any(|new| new.slug.as_deref() == Some(slug));
    let snapshot = registry.snapshot();
    for shop in snapshot.shops().iter().filter(|shop| shop.declared && !is_declared(&shop.slug)) {
        registry.edit(|shops| {
            if let Some(shop) = shops.get_mut(&shop.slug) {
                shop.declared = false;
            }
            Ok::<_, CommandError>(())
        })?;
    }
    Ok(())
}

fn declare_one(registry: &Registry, new: &NewShop) -> Result<(), CommandError> {
    let slug = checked_slug(new.slug.as_deref().unwrap_or_default())?;
    let mut wanted = new_shop(new, slug.clone())?;
    wanted.declared = true;
    let declared_key = new.public_key.as_deref();
    let unchanged = registry.snapshot().by_slug(&slug).is_some_and(|shop| {
        let mut same = (**shop).clone();
        take_rules(&mut same, &wanted, declared_key);
        same == **shop
    });
    if unchanged {
        return Ok(());
    }
    registry.edit(|shops| {
        if shops.slug_is_retired(&slug) {
            return Err(CommandError::SlugRetired(slug.clone()));
        }
        if let Some(key) = declared_key.filter(|key| shops.has_public_key_of_another(key, &slug)) {
            return Err(CommandError::PublicKeyTaken(key.to_owned()));
        }
        match shops.get_mut(&slug) {
            Some(shop) => {
                if shop.has_events && shop.time_zone != wanted.time_zone {
                    return Err(CommandError::TimeZoneFixed(slug.clone()));
                }
                // Nobody can be asked at a start, and the file is what its owner wrote.
                for consequence in consequences(shop, &wanted) {
                    tracing::warn!("the settings file changed a shop: {consequence}");
                }
                take_rules(shop, &wanted, declared_key);
            }
            None => shops.add(wanted),
        }
        Ok(())
    })
}

fn take_rules(shop: &mut Shop, wanted: &Shop, declared_key: Option<&str>) {
    shop.name = wanted.name.clone();
    shop.time_zone = wanted.time_zone;
    shop.currency = wanted.currency;
    shop.origins = wanted.origins.clone();
    shop.after_sale_days = wanted.after_sale_days;
    shop.payments = wanted.payments;
    shop.max_browser_amount = wanted.max_browser_amount;
    shop.privacy_signal = wanted.privacy_signal;
    shop.declared = true;
    // Rotated keys stay beside the declared one, or pages that were changed already would lose their events.
    if let Some(key) = declared_key.filter(|key| !shop.public_keys.iter().any(|known| known == key)) {
        push_newest(&mut shop.public_keys, key.to_owned(), MAX_ACTIVE - 1);
    }
}
