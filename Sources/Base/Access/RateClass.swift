/// What a route costs those who call it, and with whom they compete.
public enum RateClass: String, Sendable, Hashable, CaseIterable {
    /// Somebody waits for the answer.
    case interactive
    /// Programs that move much; they leave a reserve to interactive requests.
    case bulk
    /// Whoever tries passwords: slow on purpose.
    case signIn
    /// Health checks and the like, which are never held up.
    case unlimited
}
