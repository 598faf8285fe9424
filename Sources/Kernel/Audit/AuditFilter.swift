package import Base
import Store

/// Which entries of the audit log are wanted.
package struct AuditFilter: Sendable, Equatable {
    /// Only what this one did.
    package var actor: String?
    /// Only this action; all that begin so where it ends with a dot, as `user.` does.
    package var action: String?
    /// Only what ended so.
    package var result: AuditResult?
    /// Only what was done to this.
    package var target: String?
    /// Only from this time on.
    package var since: Timestamp?
    /// Only before this time.
    package var until: Timestamp?

    /// A filter; without arguments it lets everything pass.
    package init(
        actor: String? = nil, action: String? = nil, result: AuditResult? = nil, target: String? = nil,
        since: Timestamp? = nil, until: Timestamp? = nil
    ) {
        self.actor = actor
        self.action = action
        self.result = result
        self.target = target
        self.since = since
        self.until = until
    }

    /// The conditions, as SQL behind another one.
    func addConditions(to query: inout Query) {
        // Texts were cleaned before they were stored, so they are looked for in that form.
        func text(_ text: String) -> Value {
            .text(AuditText.clean(text, bytesMax: AuditDraft.textBytesMax))
        }
        if let actor { query.add(" AND actor = " + query.parameter(text(actor))) }
        if let action, action.hasSuffix(".") {
            query.add(" AND action >= " + query.parameter(text(action)))
            // A slash is what comes after a dot.
            query.add(" AND action < " + query.parameter(text(action.dropLast() + "/")))
        } else if let action {
            query.add(" AND action = " + query.parameter(text(action)))
        }
        if let result { query.add(" AND result = " + query.parameter(.text(result.rawValue))) }
        if let target { query.add(" AND target = " + query.parameter(text(target))) }
        if let since { query.add(" AND recorded_at >= " + query.parameter(.integer(since.milliseconds))) }
        if let until { query.add(" AND recorded_at < " + query.parameter(.integer(until.milliseconds))) }
    }
}

/// Where a page of the audit log begins; entries keep their numbers, so a page does not shift under its reader.
package enum AuditCursor: Sendable, Equatable {
    /// With the newest entry.
    case newest
    /// Below a number.
    case before(Int64)
    /// Above a number: the entries that follow it, also newest first.
    case after(Int64)
}

/// Entries of the audit log, the newest first.
package struct AuditPage: Sendable, Equatable {
    /// The entries.
    package let entries: [AuditEntry]
    /// Whether there are more in the direction that was read.
    package let hasMore: Bool
}
