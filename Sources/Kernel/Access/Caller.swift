package import Base

/// Who sends a request, by what proof, and what they may do: resolved once for each credential, then shared.
package final class Caller: Sendable {
    /// What kind of credential was shown.
    package enum Credential: String, Sendable {
        /// An access token from a login.
        case token
        /// The console's cookie.
        case cookie
        /// An API key.
        case key
        /// A request signed with an API key.
        case signature
        /// A client certificate.
        case certificate
        /// The operator's own command line.
        case console
    }

    /// The user's number; a key acts for the user that made it.
    package let userID: Int64
    /// The user's name.
    package let userName: String
    /// The key's name (`hg_<id>` without its secret), where a key was shown.
    package let keyID: String?
    /// The session's number, where a login stands behind it.
    package let sessionID: Int64?
    /// What was shown.
    package let credential: Credential
    /// The roles of the user.
    package let roles: Set<String>
    /// What may be done: a key's scopes are cut with the permissions of its user.
    package let permissions: Set<Permission>
    /// Which chats may be read, sent to and managed.
    package let reach: ChatReach
    /// When the credential ends by itself.
    package let expiresAt: Timestamp?
    /// How the audit log and budgets call it: `user:7` or `key:ab12…`.
    package let subject: String

    /// Puts the parts together.
    package init(
        userID: Int64, userName: String, keyID: String? = nil, sessionID: Int64? = nil,
        credential: Credential,
        roles: Set<String>, permissions: Set<Permission>, reach: ChatReach, expiresAt: Timestamp? = nil
    ) {
        self.userID = userID
        self.userName = userName
        self.keyID = keyID
        self.sessionID = sessionID
        self.credential = credential
        self.roles = roles
        self.permissions = permissions
        self.reach = reach
        self.expiresAt = expiresAt
        subject = keyID.map { "key:\($0)" } ?? "user:\(userID)"
    }

    /// Whether something may be done.
    package func may(_ permission: Permission) -> Bool { permissions.contains(permission) }
}
