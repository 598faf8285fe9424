public import Base

/// A handshake that may be answered with yes.
public struct WebSocketAgreement: Sendable, Equatable {
    /// The client's key, for `acceptKey`; nil over HTTP/2, which has none.
    public let key: Bytes?
    /// The first of the client's subprotocols that we speak.
    public let subprotocol: String?
    /// Whether messages may be compressed: for `WebSocketMachine`.
    public let isCompressed: Bool
    /// The value of our `Sec-WebSocket-Extensions`, if it is to be sent.
    public let extensions: String?
}

/// Why a handshake is answered with no.
public struct WebSocketRefusal: Error, Sendable, Equatable {
    /// 400, or 426 where another version or an upgrade is asked for.
    public let status: Int
    /// The same in words.
    public let reason: String
    /// What the answer must say besides.
    public let fields: HeaderFields
}

/// The opening handshake of a WebSocket, as pure functions over header fields (RFC 6455, 4; RFC 8441).
public enum WebSocketHandshake {
    /// What the two ends' keys are made with.
    private static let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// What a refusal must say so that the client can do better (RFC 9110, 15.5.22; RFC 6455, 4.4).
    private static let upgradeFields: HeaderFields = [
        "upgrade": "websocket", "connection": "upgrade", "sec-websocket-version": "13",
    ]

    /// Judges a server's incoming `GET`, or over HTTP/2 a `CONNECT` with `:protocol` = `websocket`.
    ///
    /// `protocols` are the subprotocols that we speak; a client that names others only is served without one.
    public static func check(
        _ fields: HeaderFields, isHTTP2: Bool = false, protocols: [String] = [], compression: Bool = true
    ) throws(WebSocketRefusal) -> WebSocketAgreement {
        if !isHTTP2 {
            guard fields.list("upgrade", has: "websocket"), fields.list("connection", has: "upgrade") else {
                throw .upgrade(
                    "this address speaks WebSocket", upgradeFields)
            }
        }
        guard fields.bytes("sec-websocket-version") == "13" else {
            throw .upgrade("WebSocket version 13 only", upgradeFields)
        }
        let keys = fields.all("sec-websocket-key")
        guard isHTTP2 || keys.count == 1 && Base64.standard.decode(keys[0])?.count == 16 else {
            throw .bad("Sec-WebSocket-Key is not 16 bytes in base64")
        }
        let extensions = compression ? try extensions(fields) : nil
        return WebSocketAgreement(
            key: isHTTP2 ? nil : keys.first, subprotocol: try subprotocol(fields, protocols),
            isCompressed: extensions != nil, extensions: extensions)
    }

    /// The value of `Sec-WebSocket-Accept` for a client key; SHA-1 is given by who has it.
    public static func acceptKey(for key: Bytes, sha1: (Bytes) -> Bytes) -> String {
        Base64.standard.encode(sha1(Bytes(key.array + guid.utf8)))
    }

    /// The fields of the answer that accepts: 101 over HTTP/1.1 with `accept`, 200 over HTTP/2 without.
    public static func answer(_ agreement: WebSocketAgreement, accept: String?) -> HeaderFields {
        var fields = HeaderFields()
        if let accept {
            fields = ["upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": accept]
        }
        if let subprotocol = agreement.subprotocol { fields.append("sec-websocket-protocol", subprotocol) }
        if let extensions = agreement.extensions { fields.append("sec-websocket-extensions", extensions) }
        return fields
    }

    /// The fields of a client's request over HTTP/1.1, besides `Host`; `key` is 16 random bytes in base64.
    public static func request(key: String, protocols: [String] = [], compression: Bool = true)
        -> HeaderFields
    {
        var fields: HeaderFields = [
            "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-version": "13",
            "sec-websocket-key": key,
        ]
        if !protocols.isEmpty {
            fields.append("sec-websocket-protocol", protocols.joined(separator: ", "))
        }
        if compression { fields.append("sec-websocket-extensions", WebSocketExtensions.offer) }
        return fields
    }

    /// Judges a server's 101 as the client whose `request` it answers; gives whether messages may be compressed.
    public static func checkAnswer(
        _ fields: HeaderFields, accept: String, compression: Bool = true
    ) throws(WebSocketRefusal) -> Bool {
        guard fields.list("upgrade", has: "websocket"), fields.list("connection", has: "upgrade"),
            fields["sec-websocket-accept"] == accept
        else { throw .bad("not the answer to this handshake") }
        let values = fields.all("sec-websocket-extensions")
        guard !values.isEmpty else { return false }
        guard compression, values.count == 1, let list = ExtensionList(values[0]),
            list.items.count == 1, WebSocketExtensions.isAcceptable(list.items[0])
        else { throw .bad("an extension that was not offered") }
        return true
    }

    private static func extensions(_ fields: HeaderFields) throws(WebSocketRefusal) -> String? {
        var answer: String?
        for value in fields.all("sec-websocket-extensions") {
            guard let list = ExtensionList(value) else { throw .bad("Sec-WebSocket-Extensions is malformed") }
            for item in list.items where answer == nil { answer = WebSocketExtensions.answer(item) }
        }
        return answer
    }

    private static func subprotocol(
        _ fields: HeaderFields, _ protocols: [String]
    ) throws(WebSocketRefusal) -> String? {
        var chosen: String?
        for value in fields.all("sec-websocket-protocol") {
            guard let list = ExtensionList(value), list.items.allSatisfy(\.parameters.isEmpty) else {
                throw .bad("Sec-WebSocket-Protocol is malformed")
            }
            chosen = chosen ?? list.items.lazy.map(\.name).first { protocols.contains($0) }
        }
        return chosen
    }
}

extension WebSocketRefusal {
    fileprivate static func bad(_ reason: String) -> Self { Self(status: 400, reason: reason, fields: [:]) }

    fileprivate static func upgrade(_ reason: String, _ fields: HeaderFields) -> Self {
        Self(status: 426, reason: reason, fields: fields)
    }
}
