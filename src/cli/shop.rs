//! `shopfunnel shop …`: through the running server of the data directory, or on its files when none runs.

use super::server::{Reached, answers, check_exists, reach};
use super::{TypedWrong, print_json};
use crate::app::open_registry;
use crate::config::Settings;
use crate::http::admin::{Refusal, SHOPS_PATH};
use crate::shops::command::{self, Changes, Command, NewShop, Reply, ShopCard};
use crate::shops::key::KeyKind;
use crate::shops::{Payments, PrivacySignal};
use clap::{Args, Subcommand};
use std::io::{BufRead, IsTerminal, Write};

#[derive(Debug, Subcommand)]
pub enum ShopCommand {
    /// Add a shop; prints its script tag and its three keys, once.
    Add(AddArguments),
    /// Change a shop's name or rules.
    Set(SetArguments),
    /// List all shops.
    List {
        /// Print JSON for programs.
        #[arg(long)]
        json: bool,
    },
    /// Show one shop: its rules, public keys and script tag.
    Show {
        slug: String,
        /// Print JSON for programs.
        #[arg(long)]
        json: bool,
    },
    /// Make a new key; the newest two of a kind work, so that it can be changed without a gap.
    RotateKey {
        slug: String,
        #[arg(long)]
        kind: KeyKind,
        /// Stop the older keys of this kind at once.
        #[arg(long)]
        revoke_old: bool,
        /// Make a third key, which ends the older of two.
        #[arg(long)]
        yes: bool,
        /// Print JSON for programs.
        #[arg(long)]
        json: bool,
    },
    /// Remove a shop: its keys stop working at once, its events stay in the store.
    Rm {
        slug: String,
        /// The slug again, instead of being asked for it.
        #[arg(long, value_name = "SLUG")]
        confirm: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct AddArguments {
    /// What people call the shop.
    #[arg(long)]
    name: String,
    /// Short name for URLs, a-z 0-9 and -; taken from the name when absent.
    #[arg(long)]
    slug: Option<String>,
    /// IANA name, for example Asia/Shanghai. Decides where the shop's days begin.
    #[arg(long)]
    time_zone: String,
    /// ISO 4217 code, for example CNY.
    #[arg(long)]
    currency: String,
    /// Origin whose pages may send events, for example https://shop.example; repeatable, none = any.
    #[arg(long = "origin")]
    origins: Vec<String>,
    /// Days after an order on which an inquiry is after-sale; 21 when absent.
    #[arg(long)]
    after_sale_days: Option<u16>,
    /// Whose word counts for orders, payments and refunds.
    #[arg(long, default_value = "any")]
    payments: Payments,
    /// The largest amount that a page may tell, in the shop's currency; about 100 000 US dollars when absent.
    /// Larger ones are left out.
    #[arg(long)]
    max_browser_amount: Option<String>,
    /// What to do with visitors whose browser asks not to be followed (Sec-GPC).
    #[arg(long, default_value = "respect")]
    privacy_signal: PrivacySignal,
    /// Print JSON for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct SetArguments {
    slug: String,
    #[arg(long)]
    name: Option<String>,
    /// Only before the first event.
    #[arg(long)]
    time_zone: Option<String>,
    #[arg(long)]
    currency: Option<String>,
    /// Replaces the list of origins; repeatable.
    #[arg(long = "origin", conflicts_with = "any_origin")]
    origins: Vec<String>,
    /// Accept events from pages of any origin.
    #[arg(long)]
    any_origin: bool,
    #[arg(long)]
    after_sale_days: Option<u16>,
    #[arg(long)]
    payments: Option<Payments>,
    /// The largest amount that a page may tell, in the shop's currency. Larger ones are left out.
    #[arg(long)]
    max_browser_amount: Option<String>,
    #[arg(long)]
    privacy_signal: Option<PrivacySignal>,
    /// Do it although figures of the past change or pages are locked out; without it the command says what
    /// would happen.
    #[arg(long)]
    yes: bool,
    /// Print JSON for programs.
    #[arg(long)]
    json: bool,
}

/// Carries out one command and prints its answer.
///
/// # Errors
/// [`TypedWrong`], or the server or the files cannot be reached.
pub async fn run(command: ShopCommand, settings: Settings) -> anyhow::Result<()> {
    let (command, json) = match command {
        ShopCommand::Add(typed) => {
            let new = NewShop {
                slug: typed.slug,
                name: typed.name,
                time_zone: typed.time_zone,
                currency: typed.currency,
                origins: typed.origins,
                after_sale_days: typed.after_sale_days,
                payments: typed.payments,
                max_browser_amount: typed.max_browser_amount,
                privacy_signal: typed.privacy_signal,
                public_key: None,
            };
            (Command::Add(new), typed.json)
        }
        ShopCommand::Set(typed) => {
            let origins = (typed.any_origin || !typed.origins.is_empty()).then_some(typed.origins);
            let changes = Changes {
                name: typed.name,
                time_zone: typed.time_zone,
                currency: typed.currency,
                origins,
                after_sale_days: typed.after_sale_days,
                payments: typed.payments,
                max_browser_amount: typed.max_browser_amount,
                privacy_signal: typed.privacy_signal,
            };
            if changes == Changes::default() {
                return Err(TypedWrong(
                    "nothing to set; `shopfunnel shop set --help` lists what can be".into(),
                )
                .into());
            }
            (Command::Set { slug: typed.slug, changes, confirmed: typed.yes }, typed.json)
        }
        ShopCommand::List { json } => (Command::List, json),
        ShopCommand::Show { slug, json } => (Command::Show { slug }, json),
        ShopCommand::RotateKey { slug, kind, revoke_old, yes, json } => {
            (Command::RotateKey { slug, kind, revoke_old, confirmed: yes }, json)
        }
        ShopCommand::Rm { slug, confirm } => {
            confirm_removal(&slug, confirm)?;
            (Command::Remove { slug }, false)
        }
    };
    let reply = carry_out(command, &settings).await?;
    print(&reply, json)
}

async fn carry_out(command: Command, settings: &Settings) -> anyhow::Result<Reply> {
    let data_dir = &settings.data_dir;
    if !matches!(command, Command::Add(_)) {
        check_exists(data_dir)?;
    }
    match reach(data_dir, SHOPS_PATH, &command).await? {
        Reached::Server(reply) => Ok(reply),
        Reached::Files(_lock) => {
            if answers(settings.admin_listen).await {
                let sentence = format!(
                    "a shopfunnel answers on {}, but on another data directory than {}; name its own with \
                     SHOPFUNNEL_DATA_DIR",
                    settings.admin_listen,
                    data_dir.display()
                );
                return Err(TypedWrong(sentence).into());
            }
            on_files(command, settings)
        }
    }
}

fn on_files(command: Command, settings: &Settings) -> anyhow::Result<Reply> {
    let adds = matches!(command, Command::Add(_));
    let registry = open_registry(&settings.data_dir)?;
    let reply = command::apply(&registry, command, &settings.public_url).map_err(|error| {
        let refusal = Refusal::new(&error);
        if refusal.callers_fault { anyhow::Error::new(TypedWrong(refusal.message)) } else { error.into() }
    })?;
    if adds {
        // A shop added where no server ever looks would be a riddle.
        eprintln!(
            "no server runs on {}; the shop works as soon as one is started there",
            settings.data_dir.display()
        );
    }
    Ok(reply)
}

fn confirm_removal(slug: &str, confirmed: Option<String>) -> Result<(), TypedWrong> {
    let typed = match confirmed {
        Some(typed) => typed,
        None if std::io::stdin().is_terminal() => {
            print!("Removing `{slug}` stops its keys at once. Type the slug to confirm: ");
            let _ = std::io::stdout().flush();
            let mut line = String::new();
            let _ = std::io::stdin().lock().read_line(&mut line);
            line.trim().to_owned()
        }
        None => return Err(TypedWrong(format!("to remove the shop, say it twice: --confirm {slug}"))),
    };
    if typed == slug {
        Ok(())
    } else {
        Err(TypedWrong(format!("`{typed}` is not `{slug}`; nothing was removed")))
    }
}

fn print(reply: &Reply, json: bool) -> anyhow::Result<()> {
    if json {
        return match reply {
            Reply::Added(shop) => print_json(shop),
            Reply::Shop(shop) => print_json(shop),
            Reply::Shops { shops } => print_json(shops),
            Reply::Key { .. } | Reply::Removed { .. } => print_json(reply),
        };
    }
    let out = &mut std::io::stdout().lock();
    match reply {
        Reply::Added(shop) => {
            writeln!(out, "Shop `{}` is ready. Paste this into every page:\n", shop.slug)?;
            writeln!(out, "  {}\n", shop.script_tag)?;
            writeln!(out, "Its keys, shown only now:\n")?;
            writeln!(out, "  public  {}   in the page", shop.public_key)?;
            writeln!(out, "  secret  {}   on your server, sends orders and payments", shop.secret_key)?;
            writeln!(out, "  read    {}   reads the figures", shop.read_key)?;
        }
        Reply::Shop(shop) => print_card(out, shop)?,
        Reply::Shops { shops } if shops.is_empty() => {
            writeln!(out, "no shop yet; `shopfunnel shop add --help` says how to add one")?;
        }
        Reply::Shops { shops } => {
            for shop in shops {
                writeln!(out, "{:<24} {}  ({}, {})", shop.slug, shop.name, shop.time_zone, shop.currency)?;
            }
        }
        Reply::Key { slug, kind, key } => {
            writeln!(
                out,
                "New {} key of `{slug}`, shown only now:\n\n  {key}",
                format!("{kind:?}").to_lowercase()
            )?;
        }
        Reply::Removed { slug } => writeln!(out, "Shop `{slug}` is removed.")?,
    }
    Ok(())
}

fn print_card(out: &mut impl Write, shop: &ShopCard) -> std::io::Result<()> {
    writeln!(out, "{}  {}", shop.slug, shop.name)?;
    writeln!(out, "  time zone        {}", shop.time_zone)?;
    writeln!(out, "  currency         {}", shop.currency)?;
    let origins = if shop.origins.is_empty() { "any".to_owned() } else { shop.origins.join(" ") };
    writeln!(out, "  origins          {origins}")?;
    writeln!(out, "  after-sale days  {}", shop.after_sale_days)?;
    let payments = match shop.payments {
        Payments::Any => "any: browser and server",
        Payments::Server => "server: a browser's orders only say whose they are",
    };
    writeln!(out, "  payments         {payments}")?;
    if shop.payments == Payments::Any {
        writeln!(out, "  browser amounts  at most {} {}", shop.max_browser_amount, shop.currency)?;
    }
    let privacy_signal = match shop.privacy_signal {
        PrivacySignal::Respect => "respect: such visitors are not counted",
        PrivacySignal::Ignore => "ignore",
    };
    writeln!(out, "  privacy signal   {privacy_signal}")?;
    writeln!(out, "  public keys      {}", shop.public_keys.join(" "))?;
    let hint = |count| if count == 0 { "none; make one with shopfunnel shop rotate-key" } else { "" };
    writeln!(out, "  secret keys      {} {}", shop.secret_key_count, hint(shop.secret_key_count))?;
    writeln!(out, "  read keys        {} {}", shop.read_key_count, hint(shop.read_key_count))?;
    writeln!(out, "  script tag       {}", shop.script_tag)
}
