// A real OpenID Connect provider for tests: `node provider.mjs PORT PUBLIC_URL`. Whoever signs in is whom they say they
// are; the groups of a person are in their name, after dots (`ward.north-team`).

import Provider from 'oidc-provider';

const [port, publicUrl] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;
const scopes = 'openid profile email groups';

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'joinedup',
      client_secret: 'a-secret-of-the-test-that-opens-nothing',
      redirect_uris: [`${publicUrl}/sign-in/return`],
      post_logout_redirect_uris: [`${publicUrl}/signed-out`],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
  cookies: { keys: ['only-for-tests'] },
  // Claims come from the place for them, as with most providers.
  conformIdTokenClaims: true,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: 'Zebedee van Quillfeather',
      email: `${id.split('.')[0]}@example.nhs.uk`,
      email_verified: true,
      groups: id.split('.').slice(1),
    }),
  }),
  // Nobody is asked whether this client may know who they are.
  loadExistingGrant: async (context) => {
    const { client, session, provider: of } = context.oidc;
    const grant = new of.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope(scopes);
    await grant.save();
    return grant;
  },
});
provider.listen(Number(port), 'localhost', () => console.log(`${issuer} is ready`));
