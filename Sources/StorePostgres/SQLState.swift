internal import Store

/// The five characters by which PostgreSQL names what went wrong.
struct SQLState: Equatable {
    let code: String

    init(_ code: String) { self.code = code }

    private var classCode: Substring { code.prefix(2) }

    /// Whether the same transaction may succeed when it is run again from its start.
    func isWorthRepeating(_ message: String) -> Bool {
        switch code {
        case "40001", "40P01": true
        // The prepared statement is gone, or a migration has changed what it returns.
        case "26000": true
        case "0A000": message.contains("cached plan")
        default: false
        }
    }

    /// Whether the connection's prepared statements can no longer be trusted.
    func makesStatementsStale(_ message: String) -> Bool {
        code == "26000" || code == "0A000" && message.contains("cached plan")
    }

    /// Whether the server is well, but has become one that cannot be written to.
    var isReadOnly: Bool { code == "25006" }

    /// What callers branch on.
    var kind: StoreError.Code {
        switch code {
        case "23505", "23P01": return .notUnique
        case "53100": return .full
        case "57014", "55P03", "25P03", "40001", "40P01": return .timeout
        // What is called a violation of the protocol is a wrong number of parameters.
        case "08P01": return .misuse
        case "40003": return .outcomeUnknown
        case "3D000": return .unavailable
        case "42501": return .other
        case "XX001", "XX002": return .corrupt
        default: break
        }
        switch classCode {
        case "08", "28", "53", "57": return .unavailable
        case "23": return .constraint
        case "0A", "21", "22", "25", "26", "42": return .misuse
        default: return .other
        }
    }

    /// The failure as our callers get it.
    ///
    /// Messages about data (class 22) quote the data, so they are left out.
    func error(_ message: String) -> StoreError {
        StoreError(kind, classCode == "22" ? "the data does not fit (SQLSTATE \(code))" : message)
    }
}
