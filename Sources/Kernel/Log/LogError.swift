package import Store

/// Why the log did not do what was asked.
package enum LogError: Error, Sendable, Equatable {
    /// The database cannot be used now. Try again later.
    ///
    /// Nothing was written, unless the code is `outcomeUnknown`: then only what has a key may be asked for again.
    case unavailable(StoreError)
    /// More appends wait already than may.
    case overloaded
    /// What comes after the cursor is no longer kept; `oldest` is the first position of which all is there.
    case cursorExpired(oldest: Position)
    /// A draft cannot be stored: why.
    case invalid(String)
    /// The log has been closed.
    case closed
    /// The database failed in a way that waiting does not mend.
    case failed(StoreError)

    /// What a failure of the database means to users of the log.
    init(_ error: any Error) {
        switch error {
        case let error as LogError: self = error
        case let error as StoreError where error.code == .closed: self = .closed
        case let error as StoreError where error.code == .overloaded: self = .overloaded
        case let error as StoreError where error.isTransient: self = .unavailable(error)
        case let error as StoreError: self = .failed(error)
        default: self = .failed(StoreError(.other, "\(type(of: error))"))
        }
    }
}
