//! A person signs in with a code, at leisure.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, HostCall, HostModule};
use graph::{Credential, GraphModule, GraphSettings, SignIns, Waits};
use model::{Class, Code, Failure};
use sim::{Act, DeviceCodeEnd, DeviceCodeSpec, WorldSpec};

use crate::support::{Bench, Context, identity, sent};

async fn bench(device_code: DeviceCodeSpec) -> Bench {
    Bench::credential(|spec: &mut WorldSpec| spec.device_code = device_code, Credential::DeviceCode).await
}

fn waited(bench: &Bench) -> u64 {
    bench.waits.waited.lock().unwrap().as_secs()
}

#[tokio::test]
async fn the_code_is_shown_once_and_asked_for_at_the_pace_the_service_wants() {
    let bench = bench(DeviceCodeSpec { pending: 2, slow_down: 1, ..DeviceCodeSpec::default() }).await;
    let reply = bench.reply("organization", []).await.unwrap();
    let prompts = bench.prompts.lock().unwrap().clone();
    assert_eq!(prompts.len(), 1);
    assert!(prompts[0].message.contains(&prompts[0].user_code));
    assert!(prompts[0].verification_uri.starts_with("https://"));
    // Five seconds, then ten each: "slower" counts for good.
    assert_eq!(waited(&bench), 5 + 10 + 10);
    // One for the code, one for the token; the questions in between say nothing.
    assert_eq!(sent(&reply.evidence, "POST"), 2);
    let shown = format!("{reply:?} {prompts:?}");
    assert!(!shown.contains("device_code") && !shown.contains("e30."));
}

#[tokio::test]
async fn the_ways_it_can_end() {
    for (then, part) in [
        (DeviceCodeEnd::Declined, "declined"),
        (DeviceCodeEnd::Expired, "before it expired"),
        (DeviceCodeEnd::Unknown, "does not know the code"),
    ] {
        let bench = bench(DeviceCodeSpec { then, ..DeviceCodeSpec::default() }).await;
        let failed = bench.fail("organization", []).await;
        assert_eq!((failed.code, failed.class), (Code::SignIn, Class::Denied), "{then:?}");
        assert!(failed.message.contains(part) && failed.hint.is_some(), "{}", failed.message);
        // A new try shows a new code.
        bench.context.begin_phase();
        bench.fail("organization", []).await;
        assert_eq!(bench.prompts.lock().unwrap().len(), 2, "{then:?}");
    }
}

#[tokio::test]
async fn nobody_comes_while_the_phase_lasts_and_the_same_code_goes_on_in_the_next() {
    let bench = bench(DeviceCodeSpec { pending: 8, ..DeviceCodeSpec::default() }).await;
    let failed = bench.fail("organization", []).await;
    assert_eq!((failed.code, failed.class), (Code::SignIn, Class::Transient));
    let code = bench.prompts.lock().unwrap()[0].user_code.clone();
    assert!(failed.message.contains(&code), "{}", failed.message);
    assert!(bench.context.time_left() > Duration::ZERO, "it ends before the phase is cut off");
    bench.context.begin_phase();
    bench.get("organization", []).await;
    assert_eq!(bench.prompts.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_code_that_has_expired_is_not_asked_for_any_more() {
    let device_code = DeviceCodeSpec { pending: 100, expires_in: 12, ..DeviceCodeSpec::default() };
    let bench = bench(device_code).await;
    let failed = bench.fail("organization", []).await;
    assert_eq!((failed.code, failed.class), (Code::SignIn, Class::Denied));
    assert!(failed.message.contains("before it expired"), "{}", failed.message);
    assert_eq!(waited(&bench), 15);
}

#[tokio::test]
async fn a_bad_moment_of_the_network_does_not_end_it() {
    let bench = bench(DeviceCodeSpec { pending: 1, ..DeviceCodeSpec::default() }).await;
    bench.inject("POST /token", 2, Act::Cut { after_effect: false });
    bench.get("organization", []).await;
    assert_eq!(bench.prompts.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_is_asked_where_nobody_is() {
    let bench = Bench::settings(
        |_| {},
        |settings, _| {
            settings.read = identity(Credential::DeviceCode);
            settings.prompt = None;
        },
    )
    .await;
    let failed = bench.fail("organization", []).await;
    assert_eq!((failed.code, failed.class), (Code::SignIn, Class::Denied));
    assert!(failed.hint.unwrap().contains("terminal"));
    assert_eq!(sent(&failed.evidence, "POST"), 0);
}

#[tokio::test]
async fn the_token_is_renewed_without_asking_until_that_is_revoked() {
    for (revoked, prompts) in [(false, 1), (true, 2)] {
        let bench = bench(DeviceCodeSpec { revoked, ..DeviceCodeSpec::default() }).await;
        for _ in 0..2 {
            bench.get("organization", []).await;
            bench.context.pass(Duration::from_secs(3400));
            bench.context.begin_phase();
        }
        assert_eq!(bench.prompts.lock().unwrap().len(), prompts, "revoked: {revoked}");
    }
}

/// Another module for the same tenant, and what becomes of its sign-in.
fn another(bench: &Bench, sign_ins: &SignIns, waits: Arc<dyn Waits>) -> GraphModule {
    let mut settings = GraphSettings::new(
        bench.tenant.login_url(),
        bench.tenant.graph_url(),
        bench.world.spec().tenant,
        identity(Credential::DeviceCode),
    );
    let shown = Arc::clone(&bench.prompts);
    settings.prompt = Some(Arc::new(move |prompt| shown.lock().unwrap().push(prompt.clone())));
    GraphModule::with_waits(settings, sign_ins, waits)
}

fn organization(bench: &Bench) -> HostCall {
    HostCall {
        function: "organization".into(),
        arguments: model::value::Map::new(),
        context: Arc::clone(&bench.context) as Arc<dyn CallContext>,
    }
}

#[tokio::test]
async fn who_signed_in_for_the_plan_is_not_asked_again_for_the_run() {
    let bench = bench(DeviceCodeSpec::default()).await;
    let sign_ins = SignIns::default();
    for _ in 0..3 {
        let module = another(&bench, &sign_ins, Arc::clone(&bench.waits) as Arc<dyn Waits>);
        module.call(organization(&bench)).await.unwrap();
    }
    assert_eq!(bench.prompts.lock().unwrap().len(), 1);
    let stranger = another(&bench, &SignIns::default(), Arc::clone(&bench.waits) as Arc<dyn Waits>);
    stranger.call(organization(&bench)).await.unwrap();
    assert_eq!(bench.prompts.lock().unwrap().len(), 2);
}

/// Cancels the run while it waits.
struct Cancels(Arc<Context>);

#[async_trait]
impl Waits for Cancels {
    async fn wait(&self, span: Duration) {
        self.0.pass(span);
        self.0.cancelled.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_cancelled_run_waits_for_nobody() {
    let bench = bench(DeviceCodeSpec::default()).await;
    let begun = bench.context.now();
    let module = another(&bench, &SignIns::default(), Arc::new(Cancels(Arc::clone(&bench.context))));
    let failed: Failure = module.call(organization(&bench)).await.unwrap_err();
    assert_eq!(failed.code, Code::Cancelled);
    assert_eq!(bench.context.now().since(begun), Duration::from_secs(1), "it stops within a second");
}
