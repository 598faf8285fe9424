/// Why the database did not do what was asked.
package struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is: what callers branch on.
    package enum Code: Sendable, Equatable {
        /// The database cannot be reached, or went away before anything was committed. Try again later.
        case unavailable
        /// The connection was lost while a commit was under way: it may or may not have happened.
        case outcomeUnknown
        /// Nothing was written, because the disk is full.
        case full
        /// A row with the same key is there already.
        case notUnique
        /// Another constraint of the schema does not hold.
        case constraint
        /// It took longer than it may; nothing was changed.
        case timeout
        /// Too many callers wait already; nothing was tried.
        case overloaded
        /// The stored data is damaged.
        case corrupt
        /// The schema is of a later version than this program.
        case newer
        /// The statement, its parameters or the use of its columns are wrong: our mistake.
        case misuse
        /// The database has been closed.
        case closed
        /// Anything else.
        case other
    }

    /// What kind of failure it is.
    package let code: Code
    /// What the database said.
    ///
    /// Holds no parameter's value.
    package let message: String

    /// A failure of a kind.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The kind, and what the database said.
    package var description: String { "\(code): \(message)" }

    /// Whether the same call can succeed later without anybody changing it.
    package var isTransient: Bool {
        switch code {
        case .unavailable, .full, .timeout, .overloaded, .outcomeUnknown: true
        case .notUnique, .constraint, .corrupt, .newer, .misuse, .closed, .other: false
        }
    }
}
