//! One request and its answer: HTTP on one side, [`Ask`] and [`Answer`] on the other.
//!
//! [`Desk::call`] is the walk: a request that offers another protocol gets it; what is no request for us is refused;
//! then the answer is at hand, or it is thought about in time. Whatever comes of it is counted and told.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HOST, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, REFRESH, RETRY_AFTER, VARY, WARNING,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::time::Instant;

use super::body::Load;
use super::negotiate::{self, Coding};
use super::patience::Pulse;
use super::tally::{self, Kind, Tally, version_name};
use super::upgrade::Upgrade;
use super::{Limits, Shared};
use crate::answer::{About, Answer, Ask, Asset, IndexPage, View};
use crate::event::{Event, Weight};
use crate::pages;

/// Whether others on the way can read along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// They can, and another protocol may be offered.
    Clear,
    /// The protocol was agreed upon with the keys.
    Tls,
}

/// Where one connection's requests are answered.
pub(super) struct Desk {
    pub(super) clerk: Arc<Clerk>,
    transport: Transport,
    /// The first request, if it is to be answered in another protocol.
    upgrade: Cell<Option<Upgrade>>,
}

/// What is needed to answer, also after the request was left.
#[derive(Debug)]
pub(super) struct Clerk {
    pub(super) shared: Arc<Shared>,
    pub(super) tally: Arc<Tally>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) peer: SocketAddr,
}

/// An answer, or one that takes time.
pub(super) enum Reply {
    /// It is here.
    Now(Ready<Result<Response<Load>, Infallible>>),
    /// It takes time.
    Later(Pin<Box<dyn Future<Output = Result<Response<Load>, Infallible>> + Send>>),
}

impl Future for Reply {
    type Output = Result<Response<Load>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(reply) => Pin::new(reply).poll(cx),
            Self::Later(reply) => reply.as_mut().poll(cx),
        }
    }
}

impl Service<Request<Incoming>> for Desk {
    type Response = Response<Load>;
    type Error = Infallible;
    type Future = Reply;

    fn call(&self, request: Request<Incoming>) -> Reply {
        let first = self.clerk.pulse.steps() == 0;
        self.clerk.pulse.step();
        if first
            && self.transport == Transport::Clear
            && let Some(upgrade) = Upgrade::offered(&request)
        {
            self.upgrade.set(Some(upgrade));
            let (parts, _) = request.into_parts();
            return self.clerk.now(&parts, Kind::Upgrade, Upgrade::accepted());
        }
        let (parts, _) = request.into_parts();
        let page = match self.clerk.page(&parts) {
            Ok(page) => page,
            Err(fault) => return self.clerk.now(&parts, Kind::Other, self.clerk.fault(fault)),
        };
        match page {
            Page::Health => self.clerk.now(&parts, Kind::Health, self.clerk.health()),
            Page::Metrics => self.clerk.now(&parts, Kind::Metrics, self.clerk.metrics()),
            Page::Of(ask) => match self.clerk.shared.answers.at_hand(&ask) {
                Some(answer) => {
                    let response = self.clerk.response(&parts, answer);
                    self.clerk.now(&parts, kind(&ask), response)
                }
                None => Reply::Later(Box::pin(Arc::clone(&self.clerk).later(parts, ask))),
            },
        }
    }
}

impl Desk {
    pub(super) fn new(clerk: Arc<Clerk>, transport: Transport) -> Self {
        Self { clerk, transport, upgrade: Cell::new(None) }
    }

    /// The upgrade that the connection is waiting for.
    pub(super) fn upgrade(&self) -> Option<Upgrade> {
        self.upgrade.take()
    }
}

/// What a request is for.
enum Page {
    Health,
    Metrics,
    Of(Ask),
}

/// What is wrong with a request that is for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It could be understood as one to another host (RFC 9112, 3.2).
    Host,
    /// It asks another host than this fence is known as.
    Stranger,
    /// It wants something else than to read.
    Method,
    /// Its path is longer than any.
    Path,
    /// It has no token.
    Token(Asker),
    /// There is no such page.
    Nothing,
}

/// Who is asked for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// A client of a registry, such as cargo.
    Client,
    /// A person at a browser.
    Person,
}

const fn kind(ask: &Ask) -> Kind {
    match ask {
        Ask::Config { .. } => Kind::Config,
        Ask::Index { .. } => Kind::Index,
        Ask::Package { .. } => Kind::Package,
        Ask::Status => Kind::Status,
        Ask::Page(_) | Ask::Asset(_) => Kind::Page,
    }
}

/// Whether what is asked for is meant for a browser, whose user is asked for a token in another way than cargo is.
const fn is_for_browsers(ask: &Ask) -> bool {
    matches!(ask, Ask::Page(_) | Ask::Asset(_) | Ask::Status)
}

impl Clerk {
    /// What a request is for, or what is wrong with it. Who has no token is not told what there is.
    fn page(&self, request: &Parts) -> Result<Page, Fault> {
        if request.version == Version::HTTP_11 {
            let mut hosts = request.headers.get_all(HOST).iter();
            if hosts.next().is_none() || hosts.next().is_some() {
                return Err(Fault::Host);
            }
        }
        if request.method != Method::GET && request.method != Method::HEAD {
            return Err(Fault::Method);
        }
        let path = request.uri.path_and_query().map_or("", |path| path.as_str());
        if path.len() > self.shared.limits.path_bytes {
            return Err(Fault::Path);
        }
        let page = match path {
            "/healthz" => Some(Page::Health),
            "/metrics" => Some(Page::Metrics),
            path => Ask::parse(path).map(Page::Of),
        };
        // Whoever only wants to know whether the fence is well asks by whatever name he has, and hears nothing else.
        if !matches!(page, Some(Page::Health)) && !self.is_known_as(request) {
            return Err(Fault::Stranger);
        }
        if !matches!(page, Some(Page::Health | Page::Metrics))
            && self.shared.tokens.as_ref().is_some_and(|tokens| !tokens.admit(&request.headers))
        {
            let is_page = matches!(&page, Some(Page::Of(ask)) if is_for_browsers(ask));
            return Err(Fault::Token(if is_page { Asker::Person } else { Asker::Client }));
        }
        page.ok_or(Fault::Nothing)
    }

    /// Whether a request names a host that is this fence. A web page of somebody else can let its own name resolve to
    /// this machine, and would then read a fence as if it were its own (DNS rebinding): but it cannot choose what a
    /// browser calls the host, which is its name, and no address.
    fn is_known_as(&self, request: &Parts) -> bool {
        let named = request.uri.authority().map(|authority| authority.as_str());
        let named = named.or_else(|| request.headers.get(HOST)?.to_str().ok());
        named.is_some_and(|named| self.shared.names.hold(named))
    }

    fn fault(self: &Arc<Self>, fault: Fault) -> Response<Load> {
        let (status, text) = match fault {
            Fault::Host => (
                StatusCode::BAD_REQUEST,
                "a request has to name its host once: this is the client's fault, not the fence's",
            ),
            Fault::Method => (StatusCode::METHOD_NOT_ALLOWED, "the fence only reads: ask with GET or HEAD"),
            Fault::Path => (StatusCode::URI_TOO_LONG, "no path of a registry is that long"),
            Fault::Stranger => (
                StatusCode::MISDIRECTED_REQUEST,
                "this fence is not known by the name in the address: ask it at its own address, or tell it the name with \
                 --url",
            ),
            Fault::Token(Asker::Client) => (
                StatusCode::UNAUTHORIZED,
                "this fence asks for a token: run `cargo login`, or ask whoever runs the fence for one",
            ),
            Fault::Token(Asker::Person) => (
                StatusCode::UNAUTHORIZED,
                "this fence asks for a token: give it as the password, with any name; whoever runs the fence has one",
            ),
            Fault::Nothing => (StatusCode::NOT_FOUND, "nothing here that cargo would ask for"),
        };
        let mut response = self.text(status, text);
        match fault {
            Fault::Method => response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD")),
            Fault::Token(asker) => {
                let scheme = match asker {
                    Asker::Client => "Cargo",
                    // What every browser knows how to ask for.
                    Asker::Person => "Basic realm=\"fence\", charset=\"UTF-8\"",
                };
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme))
            }
            Fault::Host | Fault::Stranger | Fault::Path | Fault::Nothing => None,
        };
        response
    }

    /// An answer that is not at hand, thought about where the fence's own tasks run, so that no worker stands still.
    async fn later(self: Arc<Self>, request: Parts, ask: Ask) -> Result<Response<Load>, Infallible> {
        let kind = kind(&ask);
        let thinking = self.pulse.think();
        let asked = Instant::now();
        let answers = Arc::clone(&self.shared.answers);
        let limit = self.shared.limits.answer;
        let thought = async move { tokio::time::timeout(limit, answers.in_time(ask)).await };
        // Dropped with the request, when its peer goes away.
        let mut task = tokio::task::JoinSet::new();
        task.spawn_on(thought, &self.shared.runtime);
        let answer = match task.join_next().await {
            Some(Ok(Ok(answer))) => answer,
            Some(Ok(Err(_elapsed))) => Answer::Unavailable {
                why: "the fence had no answer in time, and its upstream none for it: try again".to_owned(),
                again: fence_model::Span::seconds(10),
            },
            Some(Err(_)) | None => {
                let response = self.text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the fence failed over this request: this is a mistake in the fence, please report it",
                );
                return Ok(self.finish(&request, kind, response));
            }
        };
        self.tally.waited(asked.elapsed());
        let response = self.response(&request, answer);
        drop(thinking);
        Ok(self.finish(&request, kind, response))
    }

    fn now(&self, request: &Parts, kind: Kind, response: Response<Load>) -> Reply {
        Reply::Now(ready(Ok(self.finish(request, kind, response))))
    }

    /// What every answer has, and what is told of it. The answer to `HEAD` loses its body here, and says how long it
    /// would have been.
    fn finish(&self, request: &Parts, kind: Kind, mut response: Response<Load>) -> Response<Load> {
        let status = response.status();
        response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        if request.method == Method::HEAD && !response.body().is_end_stream() {
            let length = response.body().left().into();
            response.headers_mut().insert(CONTENT_LENGTH, length);
            *response.body_mut() = Load::empty();
        }
        self.tally.answered(kind, status, request.version);
        self.tell(request, kind, status);
        response
    }

    /// One line for the operator. A 404 is nothing special: cargo asks for whatever a manifest names.
    fn tell(&self, request: &Parts, kind: Kind, status: StatusCode) {
        let is_usual = status.is_success()
            || matches!(
                status,
                StatusCode::NOT_MODIFIED | StatusCode::NOT_FOUND | StatusCode::SWITCHING_PROTOCOLS
            );
        let weight = if is_usual { Weight::Detail } else { Weight::Note };
        if !self.shared.log.hears(weight) {
            return;
        }
        let method = shown(request.method.as_str());
        let path = shown(request.uri.path());
        let protocol = version_name(request.version);
        let words = format!("{} {method} {path}, HTTP/{protocol}, from {}", status.as_u16(), self.peer.ip());
        self.shared.log.tell(&Event {
            at: (self.shared.clock)(),
            weight,
            what: "request",
            fields: vec![
                ("peer", self.peer.to_string()),
                ("method", method),
                ("path", path),
                ("kind", kind.as_str().to_owned()),
                ("protocol", protocol.to_owned()),
                ("status", status.as_str().to_owned()),
            ],
            words,
        });
    }

    fn health(self: &Arc<Self>) -> Response<Load> {
        match self.shared.answers.health() {
            Ok(()) => self.text(StatusCode::OK, "ok"),
            Err(why) => self.text(StatusCode::SERVICE_UNAVAILABLE, why),
        }
    }

    fn metrics(self: &Arc<Self>) -> Response<Load> {
        let page = tally::page(
            &self.shared.tallies,
            self.shared.refused.load(Relaxed),
            self.shared.answers.figures(),
        );
        let mut response = self.carry(StatusCode::OK, page.into(), PROMETHEUS);
        response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
        response
    }

    /// An answer of the fence as HTTP says it.
    fn response(self: &Arc<Self>, request: &Parts, answer: Answer) -> Response<Load> {
        match answer {
            Answer::Index(page) => self.index(request, &page),
            Answer::Json(bytes) => {
                let mut response = self.carry(StatusCode::OK, bytes, JSON);
                response.headers_mut().insert(CACHE_CONTROL, NO_CACHE);
                response
            }
            Answer::Package(bytes) => {
                let mut response = self.carry(StatusCode::OK, bytes, OCTETS);
                response.headers_mut().insert(CACHE_CONTROL, IMMUTABLE);
                response
            }
            Answer::Page { html, about } => {
                let status = match about {
                    About::Something => StatusCode::OK,
                    About::Nothing => StatusCode::NOT_FOUND,
                    About::Unknown => StatusCode::SERVICE_UNAVAILABLE,
                    About::UnderWay => StatusCode::ACCEPTED,
                };
                let mut response = self.carry(status, html, HTML);
                if about == About::UnderWay {
                    response.headers_mut().insert(REFRESH, SOON);
                }
                response.headers_mut().insert(CACHE_CONTROL, NO_CACHE);
                confine(response.headers_mut());
                response
            }
            Answer::Asset(asset) => self.asset(request, asset),
            Answer::Absent(why) => self.text(StatusCode::NOT_FOUND, why),
            Answer::Refused(why) => {
                let end = why.char_indices().nth(self.shared.limits.refusal_chars);
                let cut = end.map_or(why.len(), |(end, _)| end);
                self.text(StatusCode::FORBIDDEN, Bytes::from(why).slice(..cut))
            }
            Answer::Unavailable { why, again } => {
                let mut response = self.text(StatusCode::SERVICE_UNAVAILABLE, why);
                response.headers_mut().insert(RETRY_AFTER, again.as_seconds().max(1).into());
                response
            }
        }
    }

    fn index(self: &Arc<Self>, request: &Parts, page: &Arc<IndexPage>) -> Response<Load> {
        let Ok(tag) = HeaderValue::from_str(&page.tag) else {
            return self.text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the fence made a tag that HTTP cannot carry: this is a mistake in the fence, please report it",
            );
        };
        let known = negotiate::has(&request.headers, &page.tag);
        let coding = negotiate::coding(&request.headers);
        let Limits { piece_bytes, .. } = self.shared.limits;
        let load = match coding {
            _ if known => Load::empty(),
            Coding::Gzip => Load::of(page.gzip.clone(), piece_bytes, self.pulse.send()),
            Coding::Identity => {
                Load::unpacked(page.gzip.clone(), page.length, piece_bytes, self.pulse.send())
            }
        };
        let mut response = Response::new(load);
        // As many as nearly all such answers have: a larger map is not among the sizes that an allocator has at hand.
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(ETAG, tag);
        headers.insert(CACHE_CONTROL, NO_CACHE);
        headers.insert(VARY, BY_CODING);
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            headers.insert(CONTENT_TYPE, TEXT);
            if coding == Coding::Gzip {
                headers.insert(CONTENT_ENCODING, GZIP);
            }
        }
        if page.view == View::Stale {
            headers.insert(FENCE_VIEW, STALE);
            headers.insert(WARNING, STALE_WARNING);
        }
        *response.headers_mut() = headers;
        response
    }

    fn asset(self: &Arc<Self>, request: &Parts, asset: Asset) -> Response<Load> {
        let (bytes, media, tag) = pages::asset(asset);
        let mut response = match negotiate::has(&request.headers, tag) {
            true => {
                let mut response = Response::new(Load::empty());
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                response
            }
            false => self.carry(StatusCode::OK, bytes, HeaderValue::from_static(media)),
        };
        response.headers_mut().insert(ETAG, HeaderValue::from_static(tag));
        response.headers_mut().insert(CACHE_CONTROL, NO_CACHE);
        confine(response.headers_mut());
        response
    }

    /// Words for a person, true at this moment alone.
    fn text(self: &Arc<Self>, status: StatusCode, text: impl Into<Bytes>) -> Response<Load> {
        let mut response = self.carry(status, text.into(), TEXT);
        response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
        response
    }

    fn carry(
        self: &Arc<Self>,
        status: StatusCode,
        bytes: Bytes,
        content_type: HeaderValue,
    ) -> Response<Load> {
        let load = Load::of(bytes, self.shared.limits.piece_bytes, self.pulse.send());
        let mut response = Response::new(load);
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}

/// Confines a page to itself: whatever a stranger's text may become in it, it loads nothing, runs nothing, sends nothing
/// elsewhere and is shown in nobody's frame; and no page of another origin reads it or keeps a hold on its window.
fn confine(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, CONFINED);
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    headers.insert(SAME_ORIGIN_READERS, SAME_ORIGIN);
    headers.insert(SAME_ORIGIN_OPENERS, SAME_ORIGIN);
}

const CONFINED: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const SAME_ORIGIN_READERS: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const SAME_ORIGIN_OPENERS: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const BY_CODING: HeaderValue = HeaderValue::from_static("accept-encoding");
/// To be kept, and asked about before each use: the policy may have changed.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// The path names the digest: other bytes have another path. Not `public`: a token may have been needed.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("max-age=31536000, immutable");
/// Has a browser ask again, where no script runs too.
const SOON: HeaderValue = HeaderValue::from_static("2");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const STALE: HeaderValue = HeaderValue::from_static("stale");
const STALE_WARNING: HeaderValue = HeaderValue::from_static("110 - \"Response is Stale\"");
/// Whether an index file is the registry's last word.
const FENCE_VIEW: HeaderName = HeaderName::from_static("fence-view");

/// What strangers wrote, on one line of a log: no control characters, nothing but ASCII, and not for ever.
fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown = String::with_capacity(text.len().min(LONGEST));
    for c in text.chars().take(LONGEST) {
        if c.is_ascii_graphic() && c != '\\' {
            shown.push(c);
        } else {
            shown.extend(c.escape_default());
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
