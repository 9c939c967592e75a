//! Whose a conversation is, and which of its inquiries count (METRICS section 1): out of all its events, in any
//! order of arrival.

use std::collections::BTreeMap;

/// An event of a conversation, as `conversation_events` has it. Days are counted from 1970-01-01, times are
/// epoch milliseconds.
#[derive(Debug, Clone)]
pub struct ConversationEvent {
    /// Hash of the conversation.
    pub conversation: u64,
    /// Epoch milliseconds at which it happened.
    pub at_ms: i64,
    /// Big-endian, which is the order in which ids are compared.
    pub id: [u8; 16],
    /// The shop's day of that.
    pub day: u16,
    /// 0 when it names none.
    pub visitor: u64,
    /// The visitor's id holds for one day.
    pub is_cookieless: bool,
    /// The shop's server sent it.
    pub is_verified: bool,
    /// An inquiry, else a reply.
    pub is_inquiry: bool,
    /// A person of the shop wrote it, if it is a reply.
    pub is_by_person: bool,
    /// Its sender marks it as after a sale.
    pub is_after_sale: bool,
    /// Who answers; empty where nobody is named.
    pub agent: String,
    /// The chat tool.
    pub channel: String,
}

/// An inquiry that counts: the first of its conversation that day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// Whose it is.
    pub visitor: u64,
    /// The visitor's id holds for one day.
    pub is_cookieless: bool,
    /// The shop's day.
    pub day: u16,
    /// Epoch milliseconds.
    pub at_ms: i64,
    /// Its sender marks it as after a sale.
    pub is_after_sale: bool,
    /// Who answers, as the inquiry says it and as the conversation's first reply by a person does.
    pub agents: Vec<String>,
    /// The chat tool; empty where none is named.
    pub channel: String,
    /// By whom it was answered before the next one.
    pub answered_by: Answer,
}

/// By whom an inquiry was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// By somebody of the shop, whatever a program wrote besides.
    Person,
    /// By a program alone.
    Bot,
    /// Not at all.
    Nobody,
}

impl Answer {
    /// As a value of the dimension.
    pub fn as_str(self) -> &'static str {
        match self {
            Answer::Person => "person",
            Answer::Bot => "bot",
            Answer::Nobody => "nobody",
        }
    }
}

/// The inquiries that count of conversations that are somebody's. `events` holds all events of each of them;
/// repeated ones change nothing.
pub fn inquiries(events: &[ConversationEvent]) -> Vec<Inquiry> {
    let mut conversations: BTreeMap<u64, Vec<&ConversationEvent>> = BTreeMap::new();
    for event in events {
        conversations.entry(event.conversation).or_default().push(event);
    }
    conversations.into_values().flat_map(|events| of_one(&events)).collect()
}

fn moment(event: &ConversationEvent) -> (i64, [u8; 16]) {
    (event.at_ms, event.id)
}

fn of_one(events: &[&ConversationEvent]) -> Vec<Inquiry> {
    let named = events.iter().filter(|event| event.visitor != 0);
    let Some(named) = named.min_by_key(|event| (!event.is_verified, moment(event))) else {
        return Vec::new();
    };
    let replies = || events.iter().filter(|event| !event.is_inquiry);
    let answerer = replies().filter(|reply| reply.is_by_person).min_by_key(|reply| moment(reply));
    let mut first: BTreeMap<u16, &ConversationEvent> = BTreeMap::new();
    for event in events.iter().filter(|event| event.is_inquiry) {
        let known = first.entry(event.day).or_insert(event);
        // Of one event that was told twice the shop's word counts.
        if (moment(event), !event.is_verified) < (moment(known), !known.is_verified) {
            *known = event;
        }
    }
    let times: Vec<i64> = first.values().map(|inquiry| inquiry.at_ms).collect();
    first
        .into_values()
        .map(|inquiry| {
            let next_ms = first_after(&times, inquiry.at_ms);
            let answers = replies().filter(|reply| (inquiry.at_ms..next_ms).contains(&reply.at_ms));
            let answers = answers.map(|reply| if reply.is_by_person { Answer::Person } else { Answer::Bot });
            let mut agents: Vec<String> = [Some(inquiry), answerer.copied()]
                .into_iter()
                .flatten()
                .map(|event| event.agent.clone())
                .filter(|agent| !agent.is_empty())
                .collect();
            agents.sort_unstable();
            agents.dedup();
            Inquiry {
                visitor: named.visitor,
                is_cookieless: named.is_cookieless,
                day: inquiry.day,
                at_ms: inquiry.at_ms,
                is_after_sale: inquiry.is_after_sale,
                agents,
                channel: inquiry.channel.clone(),
                answered_by: answers.min().unwrap_or(Answer::Nobody),
            }
        })
        .collect()
}

/// The next inquiry that counts after a moment; the end of time when there is none.
fn first_after(times: &[i64], at_ms: i64) -> i64 {
    times.iter().copied().filter(|time| *time > at_ms).min().unwrap_or(i64::MAX)
}
