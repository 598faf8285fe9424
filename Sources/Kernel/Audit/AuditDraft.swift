import Base

/// How an act ended.
package enum AuditResult: String, Sendable, CaseIterable {
    /// It was done.
    case ok
    /// It was not allowed.
    case denied
    /// It was allowed, and did not succeed.
    case failed
}

/// What is to be written to the audit log; holds no secret.
///
/// Texts may come from anybody: what could end a line or steer a terminal is escaped, and what is too long is cut.
package struct AuditDraft: Sendable, Equatable {
    /// Who did it: `user:7`, `key:ab12`, `anonymous`, `console`, `system`.
    package let actor: String
    /// The name of the actor at that time.
    package let actorName: String
    /// The host that the request came from.
    package let address: String
    /// By what proof: `token`, `key`, `console` and such.
    package let credential: String
    /// What was done: `user.create`, `login.refused`, `access.denied`.
    package let action: String
    /// What it was done to.
    package let target: String?
    /// How it ended.
    package let result: AuditResult
    /// What else there is to know.
    package let detail: String?
    /// The request's number, which log lines have too.
    package let requestID: String?

    /// The bytes of a text, but for the detail.
    package static let textBytesMax = 256
    /// The bytes of the detail.
    package static let detailBytesMax = 1024

    /// An act of somebody whom no `Caller` stands for.
    package init(
        actor: String, actorName: String = "", address: String = "", credential: String = "", action: String,
        target: String? = nil, result: AuditResult = .ok, detail: String? = nil, requestID: String? = nil
    ) {
        func clean(_ text: String) -> String { AuditText.clean(text, bytesMax: Self.textBytesMax) }
        self.actor = clean(actor)
        self.actorName = clean(actorName)
        self.address = clean(address)
        self.credential = clean(credential)
        self.action = clean(action)
        self.target = target.map(clean)
        self.result = result
        self.detail = detail.map { AuditText.clean($0, bytesMax: Self.detailBytesMax) }
        self.requestID = requestID.map(clean)
    }

    /// What is stored, as it stands there: were it cleaned, a change of it might not be seen.
    init(
        storedActor actor: String, actorName: String, address: String, credential: String, action: String,
        target: String?, result: AuditResult, detail: String?, requestID: String?
    ) {
        self.actor = actor
        self.actorName = actorName
        self.address = address
        self.credential = credential
        self.action = action
        self.target = target
        self.result = result
        self.detail = detail
        self.requestID = requestID
    }

    /// An act of a caller; nil for one who has shown nothing.
    package init(
        by caller: Caller?, address: String, action: String, target: String? = nil, result: AuditResult = .ok,
        detail: String? = nil, requestID: String? = nil
    ) {
        self.init(
            actor: caller?.subject ?? "anonymous", actorName: caller?.userName ?? "", address: address,
            credential: caller?.credential.rawValue ?? "", action: action, target: target, result: result,
            detail: detail, requestID: requestID)
    }
}

/// Makes a text from anywhere fit to be stored and shown.
enum AuditText {
    /// The text without what could end a line, turn the direction of writing or steer a terminal, and not longer than that.
    static func clean(_ text: String, bytesMax: Int) -> String {
        if text.utf8.count <= bytesMax, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
        let mark = "…"
        var clean = ""
        var bytes = 0
        // How many bytes may stay if what comes does not fit.
        var kept = 0
        for scalar in text.unicodeScalars {
            let piece = isHarmful(scalar) ? escape(scalar) : String(scalar)
            guard bytes + piece.utf8.count <= bytesMax else {
                return Substring(clean.utf8.prefix(kept)) + mark
            }
            clean.unicodeScalars.append(contentsOf: piece.unicodeScalars)
            bytes += piece.utf8.count
            if bytes <= bytesMax - mark.utf8.count { kept = bytes }
        }
        return clean
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x61c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
