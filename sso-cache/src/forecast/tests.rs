mod weeks;

use super::*;
use sso_tool::time;

fn at(minutes: i64) -> Moment {
    time::parse("2026-11-21T08:00:00Z").unwrap() + TimeDelta::minutes(minutes)
}

fn look(token: &str, from: i64, to: i64) -> Observation {
    Observation {
        refresh_token: Some(token.to_owned()),
        issued_at: at(from),
        expires_at: at(to),
        measured: Measured::ByOneClock,
    }
}

fn seen(token: &str, from: i64, to: i64) -> Event {
    Event::Seen(Observation { measured: Measured::ByTwoClocks, ..look(token, from, to) }, at(from))
}

fn history(events: &[Event]) -> Record {
    events.iter().fold(Record::default(), |record, event| record.after(event))
}

/// A day of 8 hours that begins at `start`: a login, renewals each hour, the last one cut short, a refusal.
fn day(start: i64, length: i64) -> Vec<Event> {
    let end = start + length;
    let mut events = vec![Event::LoggedIn(look(&format!("login {start}"), start, start + 60))];
    let mut from = start + 58;
    while from < end - 5 {
        events.push(Event::Renewed(look(&format!("renewal {from}"), from, (from + 60).min(end))));
        from += 58;
    }
    events.push(Event::Refused(at(end + 1)));
    events
}

#[test]
fn nothing_is_claimed_before_the_first_end() {
    let events = day(0, 480);
    for count in 0..=3 {
        assert_eq!(history(&events[..count]).forecast(None), None, "{count}");
    }
}

#[test]
fn a_token_that_is_cut_short_says_the_end_and_the_length_of_the_next_session() {
    let events = day(0, 480);
    let cut = history(&events[..events.len() - 1]);
    assert_eq!(cut.forecast(None).unwrap().ends_at, at(480));
    let mut events = events;
    events.push(Event::LoggedIn(look("next", 600, 660)));
    let forecast = history(&events).forecast(None).unwrap();
    assert_eq!(
        (forecast.started_at, forecast.ends_at, forecast.from),
        (Some(at(600)), at(1080), From::Observed)
    );
}

#[test]
fn one_early_refusal_is_no_policy_and_two_of_about_one_length_are() {
    let refused = |start: i64, after: i64| {
        [
            Event::LoggedIn(look(&format!("{start}"), start, start + 60)),
            Event::Renewed(look(&format!("{start}r"), start + 58, start + 118)),
            Event::Refused(at(start + after)),
        ]
    };
    let login = Event::LoggedIn(look("next", 2000, 2060));
    let once: Vec<_> = refused(0, 100).into_iter().chain([login.clone()]).collect();
    assert_eq!(history(&once).forecast(None), None);
    let twice: Vec<_> = refused(0, 100).into_iter().chain(refused(500, 102)).chain([login.clone()]).collect();
    assert_eq!(history(&twice).forecast(None).unwrap().ends_at, at(2100));
    let others: Vec<_> = refused(0, 100).into_iter().chain(refused(500, 62)).chain([login]).collect();
    assert_eq!(history(&others).forecast(None), None);
}

#[test]
fn a_changed_policy_is_learned_and_unlearned() {
    let next = Event::LoggedIn(look("next", 9000, 9060));
    let shorter: Vec<_> = day(0, 480).into_iter().chain(day(1440, 240)).chain([next.clone()]).collect();
    assert_eq!(history(&shorter).forecast(None).unwrap().ends_at, at(9240));
    // A session that outlives its forecast unlearns the length at once.
    let mut longer = day(0, 240);
    longer.extend(day(1440, 480).into_iter().take(6));
    assert_eq!(history(&longer).forecast(None), None);
}

#[test]
fn the_login_of_another_client_is_known_by_a_token_that_was_not_there() {
    let mut events = day(0, 480);
    events.push(seen("theirs", 600, 660));
    let forecast = history(&events).forecast(None).unwrap();
    assert_eq!((forecast.started_at, forecast.ends_at), (Some(at(600)), at(1080)));
    // Replaced with 40 minutes left: a login, since no client renews so early. AWS may have handed out the session that
    // runs, so that the earlier start counts, until a token outlives it.
    events.push(seen("again", 620, 680));
    assert_eq!(history(&events).forecast(None).unwrap().ends_at, at(1080));
    events.push(seen("renewed", 670, 730));
    assert_eq!(history(&events).forecast(None).unwrap().ends_at, at(1080));
    events.push(seen("late", 1035, 1095));
    assert_eq!(history(&events).forecast(None).unwrap().ends_at, at(1100));
}

#[test]
fn a_session_that_ran_before_the_first_look_has_no_start() {
    let seen = [seen("old", 0, 60), Event::Renewed(look("new", 58, 118))];
    let record = history(&seen);
    assert_eq!(record.started_at(), None);
    assert_eq!(record.forecast(Some(Duration::from_secs(8 * 3600))), None);
}

#[test]
fn the_setting_beats_the_observed_length_and_the_earlier_end_counts() {
    let mut events = day(0, 480);
    events.push(Event::LoggedIn(look("next", 600, 660)));
    let record = history(&events);
    let set = record.forecast(Some(Duration::from_secs(4 * 3600))).unwrap();
    assert_eq!((set.ends_at, set.from, set.disagrees), (at(840), From::Setting, None));
    let cut = record.after(&Event::Renewed(look("cut", 658, 680)));
    let forecast = cut.forecast(Some(Duration::from_secs(4 * 3600))).unwrap();
    assert_eq!(
        (forecast.ends_at, forecast.from, forecast.disagrees),
        (at(680), From::Observed, Some(at(840)))
    );
}

#[test]
fn a_login_that_gets_the_old_end_again_is_the_old_session() {
    let mut events = day(0, 480);
    events.pop();
    let last = events.len();
    events.push(Event::LoggedIn(look("again", 470, 480)));
    let record = history(&events);
    assert_eq!(record.forecast(None).unwrap().ends_at, at(480));
    assert_eq!(record.started_at(), history(&events[..last]).started_at());
}

#[test]
fn a_logout_says_nothing_about_the_length() {
    let events =
        [Event::LoggedIn(look("a", 0, 60)), Event::LoggedOut(at(20)), Event::LoggedIn(look("b", 30, 90))];
    let record = history(&events);
    assert_eq!((record.length, record.suspected, record.started_at()), (None, None, Some(at(30))));
}

/// A session's renewals each hour, from its login on; the last one is cut short.
fn hours(start: i64, length: i64) -> Vec<Event> {
    let mut events = day(start, length);
    events.pop();
    events
}

fn ends(record: &Record) -> Option<Moment> {
    record.forecast(None).map(|forecast| forecast.ends_at)
}

#[test]
fn one_end_that_two_tokens_tell_is_one_end() {
    // Ten minutes late: the clock may have been set, so that the length is in doubt.
    let late = [
        Event::LoggedIn(look("a", 0, 60)),
        Event::Renewed(look("b", 70, 130)),
        Event::Renewed(look("c", 129, 150)),
        Event::Renewed(look("d", 149, 150)),
        Event::Refused(at(151)),
        Event::LoggedIn(look("next", 600, 660)),
    ];
    assert_eq!(ends(&history(&late)), None);
    // The second session of about that length tells it.
    let again = late.iter().cloned().chain([
        Event::Renewed(look("f", 670, 730)),
        Event::Renewed(look("g", 729, 752)),
        Event::Refused(at(753)),
        Event::LoggedIn(look("third", 900, 960)),
    ]);
    assert_eq!(ends(&history(&again.collect::<Vec<_>>())), Some(at(1050)));
}

#[test]
fn a_session_whose_token_is_gone_may_be_handed_out_again_and_the_earlier_end_counts() {
    let mut events = day(0, 480);
    events.extend([
        Event::LoggedIn(look("second", 600, 660)),
        Event::Absent(at(650)),
        Event::LoggedIn(look("again", 655, 715)),
    ]);
    let forecast = history(&events).forecast(None).unwrap();
    assert_eq!((forecast.ends_at, forecast.disagrees), (at(1080), Some(at(1135))));
    // A logout at the portal ends it for certain.
    events.insert(events.len() - 1, Event::LoggedOut(at(651)));
    assert_eq!(ends(&history(&events)), Some(at(1135)));
}

#[test]
fn of_three_logins_each_may_have_begun_the_session() {
    let mut events = day(0, 480);
    events.extend([
        Event::LoggedIn(look("one", 600, 660)),
        Event::LoggedIn(look("two", 620, 680)),
        Event::LoggedIn(look("three", 640, 700)),
    ]);
    assert_eq!(ends(&history(&events)), Some(at(1080)));
    // What outlives the first end is the second login's at the earliest.
    events.push(Event::Renewed(look("late", 1030, 1090)));
    assert_eq!(ends(&history(&events)), Some(at(1100)));
}

#[test]
fn what_a_refused_renewal_leaves_in_the_file_is_no_login() {
    let mut events = day(0, 480);
    events.push(Event::LoggedIn(look("revoked", 600, 660)));
    events.push(Event::Refused(at(620)));
    let left = Observation { refresh_token: None, measured: Measured::ByTwoClocks, ..look("", 620, 660) };
    events.push(Event::Seen(left, at(621)));
    assert_eq!(ends(&history(&events)), None);
    events.push(seen("theirs", 630, 690));
    assert_eq!(ends(&history(&events)), Some(at(1110)));
}

#[test]
fn a_token_that_came_while_nobody_looked_may_be_a_renewal_and_its_end_is_the_latest() {
    let mut events = day(0, 480);
    events.push(seen("theirs", 900, 960));
    let forecast = history(&events).forecast(None).unwrap();
    assert_eq!((forecast.ends_at, forecast.is_latest), (at(1380), true));
    events.insert(events.len() - 1, Event::Absent(at(890)));
    assert!(!history(&events).forecast(None).unwrap().is_latest);
}

#[test]
fn a_clock_that_was_set_back_leaves_nothing_to_count_on() {
    let mut events = day(0, 480);
    events.push(Event::LoggedIn(look("next", 600, 660)));
    let record = history(&events);
    assert!(record.is_set_back(at(500)) && !record.is_set_back(at(596)));
    let same = Observation { measured: Measured::ByTwoClocks, ..look("next", 600, 660) };
    let noticed = record.after(&Event::Seen(same, at(500)));
    assert_eq!(ends(&noticed), None);
    assert_eq!(ends(&noticed.after(&Event::Renewed(look("later", 660, 720)))), None);
}

#[test]
fn clocks_that_differ_by_minutes_cut_no_token_short_and_unlearn_nothing() {
    // Three minutes between the clock of the file server and that of the client.
    let mut events =
        vec![Event::Absent(at(-1)), seen("theirs", 0, 63), Event::Renewed(look("ours", 62, 122))];
    assert_eq!(ends(&history(&events)), None);
    events = hours(0, 480);
    events.push(seen("host", 475, 483));
    let record = history(&events);
    assert_eq!(record.length, Some(TimeDelta::minutes(480)));
}

#[test]
fn a_renewal_after_the_tokens_end_may_be_a_login_and_glues_no_sessions_together() {
    let mut events = vec![Event::Absent(at(-1)), seen("one", 0, 60)];
    events.extend((1..8).map(|hour| seen(&format!("{hour}"), hour * 59, hour * 59 + 60)));
    // The portal's session ended at 480, unseen; the next one begins at 500.
    events.extend([seen("another", 500, 560), Event::Renewed(look("ours", 561, 621))]);
    events.extend([Event::Renewed(look("last", 940, 980)), Event::LoggedIn(look("next", 2000, 2060))]);
    assert_eq!(ends(&history(&events)), None);
}

#[test]
fn legacy_tokens_without_renewal_tell_no_end_and_cut_nothing_short() {
    let legacy = |from: i64| Observation { refresh_token: None, ..look("", from, from + 480) };
    let events = [
        Event::LoggedIn(legacy(0)),
        Event::LoggedIn(look("with scopes", 490, 550)),
        Event::Renewed(look("renewed", 549, 609)),
    ];
    for count in 1..=events.len() {
        assert_eq!(ends(&history(&events[..count])), None, "{count}");
    }
}
