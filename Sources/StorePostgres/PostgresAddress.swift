internal import Base
internal import CPostgres
internal import Store

/// Where a server is and as whom to enter, as a `postgres://` URL tells it.
struct PostgresAddress: Sendable {
    /// The parameters of libpq, without the password.
    private(set) var parameters: [String: String] = [:]
    private(set) var password: Secret?

    /// Reads a URL.
    ///
    /// What is wrong with it is not told in libpq's words, because they may quote the password.
    init(_ url: String) throws(StoreError) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://"), !url.utf8.contains(0) else {
            throw StoreError(.misuse, "not a URL of the form postgres://user:password@host:port/database")
        }
        guard let options = unsafe PQconninfoParse(url, nil) else {
            throw StoreError(.misuse, "the database's URL cannot be read")
        }
        defer { unsafe PQconninfoFree(options) }
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val {
                let text = unsafe String(cString: value)
                if unsafe String(cString: keyword) == "password" {
                    password = Secret(text)
                } else {
                    unsafe parameters[String(cString: keyword)] = text
                }
            }
            unsafe option += 1
        }
        // A service is a file that libpq would read on the event loop, and that may set anything else.
        guard parameters["service"] == nil else {
            throw StoreError(.misuse, "a service in the database's URL is not supported")
        }
    }

    /// The hosts as they are written; none means libpq's default, a local socket.
    var hosts: [String] { list("host") }

    /// Whether every host can be used without a name server.
    var needsResolution: Bool {
        parameters["hostaddr"] == nil
            && hosts.contains { !$0.isEmpty && !$0.hasPrefix("/") && !$0.hasPrefix("@") }
    }

    /// The same hosts with their addresses beside them, each name as often as it has addresses.
    func resolved(_ resolve: (String) -> [String]) -> PostgresAddress {
        var result = self
        let ports = list("port")
        var names: [String] = []
        var addresses: [String] = []
        var chosenPorts: [String] = []
        for (index, host) in hosts.enumerated() {
            // What has no address is left to libpq, which says so.
            let isName = !host.isEmpty && !host.hasPrefix("/") && !host.hasPrefix("@")
            let found = isName ? resolve(host) : [""]
            for address in found.prefix(4) {
                names.append(host)
                addresses.append(address)
                chosenPorts.append(ports.count > 1 && index < ports.count ? ports[index] : ports.first ?? "")
            }
        }
        result.parameters["host"] = names.joined(separator: ",")
        result.parameters["hostaddr"] = addresses.joined(separator: ",")
        result.parameters["port"] = chosenPorts.joined(separator: ",")
        return names.isEmpty ? self : result
    }

    /// Words of libpq with the password struck out, should it stand in them.
    func redacted(_ message: String) -> String {
        guard let secret = password?.reveal().text, !secret.isEmpty else { return message }
        return message.replacing(secret, with: Secret.mask)
    }

    private func list(_ key: String) -> [String] {
        guard let text = parameters[key] else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    }
}
