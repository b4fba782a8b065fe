//! Pages, as a browser without script sees them.

use nightloom_server::Role;

use crate::{
    client::{Answer, send},
    world::World,
};

/// A browser's session.
pub struct Visitor<'a> {
    world: &'a World,
    pub cookie: String,
}

impl<'a> Visitor<'a> {
    pub fn of(world: &'a World, token: &str) -> Self {
        let body = format!("token={token}&next=%2Fbundles");
        let answer = post(world, "/login", "", &body).expect(303);
        assert_eq!(answer.header("location"), Some("/bundles"));
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        Self { world, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    pub fn get(&self, target: &str) -> Answer {
        send(self.world.address, "GET", target, &[("Cookie", &self.cookie)], b"")
    }

    pub fn csrf(&self) -> String {
        field(&self.get("/bundles").expect(200).body, "csrf")
    }

    pub fn post(&self, target: &str, body: &str) -> Answer {
        post(self.world, target, &self.cookie, body)
    }
}

fn post(world: &World, target: &str, cookie: &str, body: &str) -> Answer {
    let headers = [("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded")];
    send(world.address, "POST", target, &headers, body.as_bytes())
}

/// The value of a hidden field.
fn field(page: &str, name: &str) -> String {
    let start = page.find(&format!("name=\"{name}\" value=\"")).expect("the field") + name.len() + 15;
    page[start..].split('"').next().unwrap().to_owned()
}

#[test]
fn a_reviewer_decides_without_script() {
    let world = World::new();
    let visitor = Visitor::of(&world, &world.token("ada", Role::Reviewer, Some(&["north"])));
    let list = visitor.get("/bundles").expect(200).body;
    for words in [
        "north title 1",
        "31.95",
        "12.50",
        "3.00 to 24.00",
        "north customers buy both",
        "pending <span class=\"number\">3",
    ] {
        assert!(list.contains(words), "{words} is not on the page\n{list}");
    }
    let csrf = visitor.csrf();
    let act = |id: &str, act: &str, seen: i64| {
        visitor.post(
            &format!("/bundles/{id}/act"),
            &format!("csrf={csrf}&act={act}&seen={seen}&back=%2Fbundles%3Fstatus%3Drejected"),
        )
    };
    assert_eq!(act("north-1", "approve", 0).expect(303).header("location"), Some("/bundles?status=rejected"));
    act("north-2", "reject", 0).expect(303);
    assert!(visitor.get("/bundles?status=rejected").body.contains("rejected by <bdi>ada, "));
    act("north-2", "undo", 2).expect(303);
    let states = world.text("SELECT group_concat(decision || decided_by) FROM bundle_decisions");
    assert_eq!(states, "approvedada");
    let one = visitor.get("/bundles/north-1").expect(200).body;
    assert!(one.contains("26.88 to 34.03") && one.contains("approve"), "{one}");
    let change = |price: &str| {
        visitor.post(
            "/bundles/north-2/change",
            &format!("csrf={csrf}&price={price}&title=Both&description=Nice&seen=3&back=%2Fbundles%2Fnorth-2"),
        )
    };
    assert!(change("20").expect(422).body.contains("26.88 to 34.03"));
    change("33,00").expect(303);
    assert!(visitor.get("/bundles/north-2").body.contains("33.00"));
}

#[test]
fn what_was_seen_must_still_be_so() {
    let world = World::new();
    let (ada, bob) = (
        Visitor::of(&world, &world.token("ada", Role::Reviewer, None)),
        Visitor::of(&world, &world.token("bob", Role::Reviewer, None)),
    );
    let act = |visitor: &Visitor, act: &str| {
        visitor.post("/bundles/north-1/act", &format!("csrf={}&act={act}&seen=0", visitor.csrf()))
    };
    act(&ada, "approve").expect(303);
    let refused = act(&bob, "reject").expect(409);
    assert!(refused.body.contains("ada did &#x27;approve&#x27;"), "{}", refused.body);
    act(&bob, "approve").expect(303);
    assert_eq!(world.text("SELECT decided_by FROM bundle_decisions"), "ada", "the first who said so stays");
}

#[test]
fn a_form_of_another_page_does_nothing() {
    let world = World::new();
    let visitor = Visitor::of(&world, &world.token("ada", Role::Admin, None));
    let csrf = visitor.csrf();
    let other = Visitor::of(&world, &world.token("bob", Role::Admin, None)).csrf();
    for body in
        ["act=approve".to_owned(), format!("act=approve&csrf={other}"), format!("act=approve&csrf={}", &csrf[1..])]
    {
        visitor.post("/bundles/north-1/act", &body).expect(403);
        visitor.post("/flags", &body).expect(403);
        visitor.post("/runs", &body).expect(403);
        visitor.post("/logout", &body).expect(403);
    }
    let good = format!("act=approve&csrf={csrf}");
    for (name, value) in [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")] {
        let headers =
            [("Cookie", visitor.cookie.as_str()), ("Content-Type", "application/x-www-form-urlencoded"), (name, value)];
        send(world.address, "POST", "/bundles/north-1/act", &headers, good.as_bytes()).expect(403);
    }
    assert_eq!(world.text("SELECT COUNT(*) || '' FROM bundle_decisions"), "0");
    let back = visitor.post("/bundles/north-1/act", &format!("{good}&back=%2F%2Fevil.example")).expect(303);
    assert_eq!(back.header("location"), Some("/bundles"));
    visitor.post("/logout", &format!("csrf={csrf}")).expect(303);
    assert!(visitor.get("/bundles").expect(303).header("location").unwrap().starts_with("/login"));
}

#[test]
fn each_page_is_shown_to_those_it_is_for() {
    let world = World::new();
    std::fs::write(world.folder.path().join("report.html"), "<h1>south-report</h1>").unwrap();
    let viewer = Visitor::of(&world, &world.token("ada", Role::Viewer, Some(&["north"])));
    for target in ["/bundles", "/bundles/north-1", "/runs", "/runs/run-north", "/search?q=lamp", "/report"] {
        let page = viewer.get(target).expect(200).body;
        assert!(!page.contains("south"), "{target} tells of the other shop\n{page}");
        assert!(!page.contains("name=\"act\""), "a viewer decides nothing");
    }
    for (target, status) in [
        ("/flags", 403),
        ("/report.html", 403),
        ("/bundles/south-1", 404),
        ("/runs/run-south", 404),
        ("/bundles?shop=south", 403),
        ("/search?q=a&shop=south", 403),
    ] {
        viewer.get(target).expect(status);
    }
    viewer.post("/bundles/north-1/act", &format!("csrf={}&act=approve", viewer.csrf())).expect(403);
    let admin = Visitor::of(&world, &world.token("root", Role::Admin, None));
    assert!(admin.get("/flags").expect(200).body.contains("disable all bundling"));
    assert!(admin.get("/report.html").expect(200).header("content-security-policy").unwrap().contains("sandbox"));
    let csrf = admin.csrf();
    let throw =
        |rest: &str| admin.post("/flags", &format!("csrf={csrf}&key=emergency.disable_all_bundling&value=true{rest}"));
    throw("").expect(422);
    throw("&sure=yes").expect(303);
    assert!(admin.get("/flags").body.contains("Take back"));
    let bare = send(world.address, "GET", "/", &[("Accept", "text/html")], b"").expect(303);
    assert_eq!(bare.header("location"), Some("/bundles"));
    assert!(send(world.address, "GET", "/", &[], b"").expect(200).body.contains("ok"));
}
