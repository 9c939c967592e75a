//! What the embedded engine's users may not do.

use crate::app::{run, shared_engine, spawn_app};

#[test]
fn a_local_process_without_a_password_can_do_nothing() {
    run(async {
        let app = spawn_app().await;
        let url = shared_engine().await.url();
        for statement in [
            format!("SELECT * FROM {}.events", app.store.database),
            "SELECT * FROM file('/etc/passwd', 'LineAsString')".into(),
            "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')".into(),
            "SELECT * FROM system.users".into(),
            "CREATE DATABASE other".into(),
            "CREATE TEMPORARY TABLE t (x UInt8)".into(),
            "SYSTEM SHUTDOWN".into(),
        ] {
            let answer = app.client.post(&url).body(statement.clone()).send().await.unwrap();
            let text = answer.text().await.unwrap();
            assert!(text.contains("(ACCESS_DENIED)"), "{statement}: {text}");
        }
        app.close().await;
    });
}

#[test]
fn the_tracker_owns_its_database_and_nothing_else() {
    run(async {
        let app = spawn_app().await;
        for statement in ["CREATE DATABASE other", "SELECT * FROM file('/etc/passwd', 'LineAsString')"] {
            let request = app.client.post(&app.store.url);
            let request = request.basic_auth(&app.store.user, Some(&app.store.password));
            let text = request.body(statement).send().await.unwrap().text().await.unwrap();
            assert!(text.contains("(ACCESS_DENIED)"), "{statement}: {text}");
        }
        app.close().await;
    });
}
