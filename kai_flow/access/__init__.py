"""Who may read and publish on a bridge: tokens (JWTs), what they grant, and the keys to check them.

    AccessError           root of what is refused here
    ├── TokenRefused      a token is not accepted; why is for the log, and not for the client
    │   ├── TokenExpired  it did count: the client has to get a new one
    │   └── UnknownKey    no key of that id is known; one may have been published since
    ├── KeysUnreachable   the issuer's keys cannot be fetched, so no token can be checked now
    └── InvalidKeySet     what is published as a key set is none

Nothing here is imported before tokens are configured.
"""
