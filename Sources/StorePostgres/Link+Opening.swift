internal import Base
internal import CPostgres
internal import Reactor
internal import Store

extension Link {
    /// Makes the connection; without blocking, as long as the address is resolved.
    func open(_ address: PostgresAddress, by deadline: MonotonicNanoseconds) async throws(StoreError) {
        var parameters = address.parameters
        parameters["application_name"] = parameters["application_name"] ?? "heliograph"
        parameters["client_encoding"] = "UTF8"
        // A handshake of Kerberos would block, and look for tickets that nobody meant.
        parameters["gssencmode"] = "disable"
        // A peer that is gone without a word is noticed within half a minute even where nobody waits for it.
        for (key, value) in [
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
        ]
        where parameters[key] == nil { parameters[key] = value }
        parameters["tcp_user_timeout"] = parameters["tcp_user_timeout"] ?? "20000"
        if let password = address.password?.reveal().text { parameters["password"] = password }
        guard let handle = unsafe start(parameters) else {
            throw lose(StoreError(.unavailable, "out of memory"))
        }
        unsafe adopt(handle)
        guard unsafe PQstatus(handle) != CONNECTION_BAD else { throw loseConnecting(address) }
        // libpq asks to be called as if the socket had become writable.
        var interest: Readiness = .write
        while true {
            try await waitForSocket(interest, until: deadline)
            switch unsafe PQconnectPoll(handle) {
            case PGRES_POLLING_READING: interest = .read
            case PGRES_POLLING_WRITING: interest = .write
            case PGRES_POLLING_OK: return try finishOpening()
            default: throw loseConnecting(address)
            }
        }
    }

    private func finishOpening() throws(StoreError) {
        let version = unsafe PQserverVersion(handle)
        guard version >= 130_000 else {
            throw lose(
                StoreError(
                    .unavailable,
                    "PostgreSQL \(version / 10000).\(version % 10000) is too old; 13 or later is needed"))
        }
        try established()
    }

    private func start(_ parameters: [String: String]) -> OpaquePointer? {
        var texts: [UnsafeMutablePointer<CChar>?] = unsafe []
        defer { unsafe texts.forEach { unsafe $0?.deallocate() } }

        func copy(_ text: String) -> UnsafePointer<CChar>? {
            let utf8 = text.utf8
            let memory = UnsafeMutablePointer<CChar>.allocate(capacity: utf8.count + 1)
            for (index, byte) in utf8.enumerated() { unsafe memory[index] = CChar(bitPattern: byte) }
            unsafe memory[utf8.count] = 0
            unsafe texts.append(memory)
            return unsafe UnsafePointer(memory)
        }
        var keys: [UnsafePointer<CChar>?] = unsafe []
        var values: [UnsafePointer<CChar>?] = unsafe []
        for (key, value) in parameters {
            unsafe keys.append(copy(key))
            unsafe values.append(copy(value))
        }
        unsafe keys.append(nil)
        unsafe values.append(nil)
        return unsafe PQconnectStartParams(keys, values, 0)
    }

    private func loseConnecting(_ address: PostgresAddress) -> StoreError {
        let text = unsafe PQerrorMessage(handle).map { unsafe String(cString: $0) } ?? "cannot connect"
        let line = text.split(separator: "\n").map { String($0) }.joined(separator: "; ")
        return lose(StoreError(.unavailable, address.redacted(line)))
    }
}
