//! The OpenID Connect provider: where it sends people to sign in, and what it says of them when they come back.
//! Authorisation code with PKCE, state and nonce.

use super::people::{Known, SettingsError};
use joinedup_application::config::SignIn;
use joinedup_application::trust;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthType, AuthenticationFlow, AuthorizationCode, Client,
    ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IdTokenFields, IssuerUrl, LogoutRequest, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long one request to the provider may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most of an answer that is read, in bytes.
const MAX_ANSWER: u64 = 1 << 20;
/// How long it is believed what the provider says of itself and its keys.
const METADATA_LASTS: Duration = Duration::from_secs(600);

/// For how long it counts as away after it did not answer.
const AWAY_LASTS: Duration = Duration::from_secs(5);

/// All claims beside the standard ones.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Claims(Map<String, Value>);

impl AdditionalClaims for Claims {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Claims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
type OwnClient = Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why the provider was of no help. No text holds anything that it sent.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProviderError {
    /// It did not answer.
    #[error("the provider does not answer: {0}")]
    Away(String),
    /// It answered what cannot be used.
    #[error("the provider's answer cannot be used: {0}")]
    Answer(&'static str),
    /// It does not take the code.
    #[error("the provider does not take the code")]
    Code,
    /// The proof of who it is does not hold.
    #[error("the provider's proof does not hold: {0}")]
    Proof(&'static str),
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct HttpError(String);

/// What has to be the same when somebody comes back.
#[derive(Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub address: String,
    /// What the provider sends back as it is.
    pub state: String,
    /// What its proof has to hold.
    pub nonce: Nonce,
    /// What shows that it was this server that asked.
    pub verifier: PkceCodeVerifier,
}

/// A provider. What it says of itself is asked for when it is needed, so that this server starts without it.
#[derive(Debug)]
pub struct Provider {
    settings: SignIn,
    issuer: IssuerUrl,
    return_to: RedirectUrl,
    secret: Option<String>,
    agent: ureq::Agent,
    metadata: Mutex<Option<(Instant, Arc<ProviderMetadataWithLogout>)>>,
    /// Held while it is asked what it is; when and why that failed last.
    asking: Mutex<Option<(Instant, ProviderError)>>,
}

impl Provider {
    /// A provider as the settings name it.
    ///
    /// # Errors
    /// When an address is none, or no authority is found that would sign for it.
    pub fn new(settings: &SignIn, secret: Option<String>) -> Result<Self, SettingsError> {
        let address = |_| SettingsError::Authorities("an address in `sign_in` is none".to_owned());
        let public = settings.public_url.trim_end_matches('/');
        Ok(Self {
            issuer: IssuerUrl::new(settings.issuer.clone()).map_err(address)?,
            return_to: RedirectUrl::new(format!("{public}/sign-in/return")).map_err(address)?,
            secret,
            agent: agent(settings)?,
            metadata: Mutex::default(),
            asking: Mutex::default(),
            settings: settings.clone(),
        })
    }

    /// Begins to sign somebody in. Blocks while the provider is asked what it is.
    ///
    /// # Errors
    /// When it is away.
    pub fn begin(&self) -> Result<Begun, ProviderError> {
        let client = self.client()?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client.authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (address, state, nonce) = request.set_pkce_challenge(challenge).url();
        Ok(Begun {
            address: address.to_string(),
            state: state.into_secret(),
            nonce,
            verifier,
        })
    }

    /// Who came back with a code. Blocks while the provider is asked. `needs_more` says whether the claims so far are
    /// too few, so that it is asked for the others.
    ///
    /// # Errors
    /// When it is away, does not take the code, or its proof does not hold.
    pub fn finish(
        &self,
        code: String,
        nonce: &Nonce,
        verifier: PkceCodeVerifier,
        needs_more: impl Fn(&Known) -> bool,
    ) -> Result<Known, ProviderError> {
        let client = self.client()?;
        let http = |request: HttpRequest| self.send(request);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| ProviderError::Answer("it names no place where codes are taken"))?
            .set_pkce_verifier(verifier)
            .request(&http)
            .map_err(|error| match error {
                RequestTokenError::Request(error) => ProviderError::Away(error.0),
                RequestTokenError::ServerResponse(_) => ProviderError::Code,
                _ => ProviderError::Answer("it is not what a provider answers to a code"),
            })?;
        let id_token = tokens
            .id_token()
            .ok_or(ProviderError::Proof("there is none"))?;
        let checks = client.id_token_verifier();
        let claims = id_token.claims(&checks, nonce).map_err(|error| {
            // Its keys may have changed: who tries again is judged by the new ones.
            self.forget();
            use openidconnect::ClaimsVerificationError as E;
            ProviderError::Proof(match error {
                E::Expired(_) => "it has expired",
                E::InvalidAudience(_) => "it is for another",
                E::InvalidIssuer(_) => "it is from another",
                E::InvalidNonce(_) => "it belongs to another sign-in",
                E::SignatureVerification(_) => "its signature",
                _ => "it is not in order",
            })
        })?;
        if let Some(expected) = claims.access_token_hash() {
            let wrong = |_| ProviderError::Proof("its signature");
            let actual = AccessTokenHash::from_token(
                tokens.access_token(),
                id_token
                    .signing_alg()
                    .map_err(|_| ProviderError::Proof("its signature"))?,
                id_token.signing_key(&checks).map_err(wrong)?,
            )
            .map_err(|_| ProviderError::Proof("its signature"))?;
            if actual != *expected {
                return Err(ProviderError::Proof("it goes with another token"));
            }
        }
        let verified = |email: Option<&str>, is_verified: Option<bool>| {
            email
                .filter(|_| is_verified == Some(true))
                .map(ToOwned::to_owned)
        };
        let name = claims.name().and_then(|name| name.get(None));
        let mut known = Known {
            subject: claims.subject().to_string(),
            name: name.map(|name| name.to_string()),
            email: verified(claims.email().map(|e| e.as_str()), claims.email_verified()),
            claims: claims.additional_claims().0.clone(),
        };
        let needs_more = needs_more(&known);
        if (known.name.is_none() || needs_more)
            && let Ok(request) = client.user_info(
                tokens.access_token().clone(),
                Some(claims.subject().clone()),
            )
        {
            let more: UserInfoClaims<Claims, CoreGenderClaim> = match request.request(&http) {
                Ok(more) => more,
                Err(_) if needs_more => {
                    return Err(ProviderError::Answer("what it says of the person"));
                }
                // A name is only shown.
                Err(_) => {
                    tracing::warn!("the provider does not say what somebody is called");
                    return Ok(known);
                }
            };
            let name = more.name().and_then(|name| name.get(None));
            known.name = known.name.or_else(|| name.map(|name| name.to_string()));
            let email = verified(more.email().map(|e| e.as_str()), more.email_verified());
            known.email = known.email.or(email);
            for (name, value) in &more.additional_claims().0 {
                // What is signed for stands.
                if !known.claims.contains_key(name) {
                    known.claims.insert(name.clone(), value.clone());
                }
            }
        }
        Ok(known)
    }

    /// Where somebody signs out of the provider too; none when it has no such place, or is not known yet. It is not asked:
    /// nobody waits for it to sign out here.
    #[must_use]
    pub fn end_address(&self) -> Option<String> {
        let metadata = self.remembered(None)?;
        let end = metadata
            .additional_metadata()
            .end_session_endpoint
            .clone()?;
        let public = self.settings.public_url.trim_end_matches('/');
        let back = PostLogoutRedirectUrl::new(format!("{public}/signed-out")).ok()?;
        let request = LogoutRequest::from(end)
            .set_client_id(ClientId::new(self.settings.client_id.clone()))
            .set_post_logout_redirect_uri(back);
        Some(request.http_get_url().to_string())
    }

    fn client(&self) -> Result<OwnClient, ProviderError> {
        let metadata = (*self.metadata()?).clone();
        // Basic is what OpenID Connect takes where the provider says nothing.
        let takes = metadata.token_endpoint_auth_methods_supported();
        let in_body = takes.is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let client = OwnClient::from_provider_metadata(
            metadata,
            ClientId::new(self.settings.client_id.clone()),
            self.secret.clone().map(ClientSecret::new),
        );
        let client = client.set_redirect_uri(self.return_to.clone());
        Ok(if in_body {
            client.set_auth_type(AuthType::RequestBody)
        } else {
            client
        })
    }

    fn metadata(&self) -> Result<Arc<ProviderMetadataWithLogout>, ProviderError> {
        if let Some(known) = self.remembered(Some(METADATA_LASTS)) {
            return Ok(known);
        }
        // Whoever comes while it is being asked waits for the same answer.
        let mut failed = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.remembered(Some(METADATA_LASTS)) {
            return Ok(known);
        }
        if let Some((at, error)) = failed.as_ref()
            && at.elapsed() < AWAY_LASTS
        {
            return Err(error.clone());
        }
        let discovered = self.discovered();
        let now = Instant::now();
        *failed = discovered.as_ref().err().map(|error| (now, error.clone()));
        if let Ok(metadata) = &discovered {
            *self.metadata.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((now, metadata.clone()));
        }
        discovered
    }

    /// What it said of itself, if that was not too long ago.
    fn remembered(&self, lasts: Option<Duration>) -> Option<Arc<ProviderMetadataWithLogout>> {
        let known = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, metadata) = known.as_ref()?;
        let is_over = lasts.is_some_and(|lasts| at.elapsed() >= lasts);
        (!is_over).then(|| metadata.clone())
    }

    fn discovered(&self) -> Result<Arc<ProviderMetadataWithLogout>, ProviderError> {
        use openidconnect::DiscoveryError as E;
        let http = |request: HttpRequest| self.send(request);
        let metadata = ProviderMetadataWithLogout::discover(&self.issuer, &http).map_err(
            |error| match error {
                E::Request(HttpError(why)) => ProviderError::Away(why),
                E::Response(status, ..) => ProviderError::Away(format!("status {status}")),
                E::Validation(_) => {
                    ProviderError::Answer("it names another `issuer` than the settings")
                }
                _ => ProviderError::Answer("it is not what a provider says of itself"),
            },
        )?;
        Ok(Arc::new(metadata))
    }

    fn forget(&self) {
        *self.metadata.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let failed = |error: ureq::Error| HttpError(error.to_string());
        let (parts, body) = request.into_parts();
        let mut response = if body.is_empty() {
            let request = ureq::http::Request::from_parts(parts, ());
            self.agent.run(request).map_err(failed)?
        } else {
            let request = ureq::http::Request::from_parts(parts, body);
            self.agent.run(request).map_err(failed)?
        };
        let limited = response.body_mut().with_config().limit(MAX_ANSWER);
        let body = limited.read_to_vec().map_err(failed)?;
        let (parts, _) = response.into_parts();
        Ok(HttpResponse::from_parts(parts, body))
    }
}

/// Asks with a time limit, over TLS unless the provider is on this machine, and follows nobody elsewhere.
fn agent(settings: &SignIn) -> Result<ureq::Agent, SettingsError> {
    let authorities = trust::authorities(settings.ca_file.as_deref())?;
    let is_secure = settings.issuer.starts_with("https://");
    if authorities.is_empty() && is_secure {
        return Err(SettingsError::Authorities(
            "set `ca_file`, or install the machine's certificates (Debian: ca-certificates)".into(),
        ));
    }
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .https_only(is_secure)
        .max_redirects(0)
        .timeout_global(Some(TIMEOUT))
        .tls_config(trust::tls(&authorities))
        .build();
    Ok(config.new_agent())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread::sleep;

    #[test]
    fn a_provider_that_does_not_answer_holds_nobody_up_who_signs_out_and_is_asked_once_for_all() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let settings = SignIn {
            issuer,
            client_id: "joinedup".into(),
            public_url: "http://127.0.0.1:8080".into(),
            ..SignIn::default()
        };
        let provider = Provider::new(&settings, None).unwrap();
        let asked = std::thread::scope(|scope| {
            let begun: Vec<_> = (0..4).map(|_| scope.spawn(|| provider.begin())).collect();
            let (asked, _) = listener.accept().unwrap();
            sleep(Duration::from_millis(100));
            let now = Instant::now();
            assert_eq!(provider.end_address(), None);
            assert!(now.elapsed() < Duration::from_secs(1));
            drop(asked);
            listener.set_nonblocking(true).unwrap();
            assert!(begun.into_iter().all(|b| b.join().unwrap().is_err()));
            std::iter::from_fn(|| listener.accept().ok()).count()
        });
        assert_eq!(asked, 0, "beside the first");
    }
}
