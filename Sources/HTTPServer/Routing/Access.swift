public import Base

/// Who may call a route: each says so, and there is no default that could be forgotten.
public enum Access: Sendable, Hashable {
    /// Anybody, also without credentials.
    case open
    /// Whoever has shown who they are, whatever else they may do.
    case signedIn
    /// Whoever has this permission.
    case needs(Permission)
}
