/// Why the bus could not do what it was asked for.
package enum BusError: Error, Sendable, Equatable {
    /// The bus is out of reach; nothing is known to have been done. The reason is for people.
    case unavailable(String)
    /// No answer came in time; it may have been done or not.
    case timedOut
    /// So much waits for an answer that no more is taken.
    case overloaded
    /// The server understood and refused; its words.
    case refused(String)
    /// The call makes no sense, such as a cost above the burst.
    case misuse(String)

    /// Whether somebody else, such as this process alone, may take the bus's place for the moment.
    package var isOutage: Bool {
        switch self {
        case .unavailable, .timedOut, .overloaded: true
        case .refused, .misuse: false
        }
    }
}
