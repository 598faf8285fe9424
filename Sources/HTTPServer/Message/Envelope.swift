import Reactor
public import Wire

/// The form of every JSON answer: `{"success": true, "data": …, "meta": …}` or `{"success": false, "error": …}`.
public enum Envelope {
    /// An answer whose data the closure writes.
    ///
    /// `executionTime` (milliseconds) is added to the meta.
    public static func success(
        to request: Request, status: HTTPStatus = .ok, meta: JSONFields = [:],
        _ data: (inout JSONWriter) -> Void
    ) -> Response {
        var writer = JSONWriter()
        writer.object {
            $0.key("success")
            $0.value(true)
            $0.key("data")
            data(&$0)
            $0.key("meta")
            $0.object {
                for member in meta { $0.field(member.name, member.value) }
                $0.field("executionTime", request.elapsedMilliseconds)
            }
        }
        return .json(writer.finish(), status: status)
    }

    /// An answer that says what went wrong.
    public static func failure(_ error: APIError) -> Response {
        var writer = JSONWriter()
        writer.object {
            $0.key("success")
            $0.value(false)
            $0.key("error")
            $0.object {
                $0.field("code", error.code.rawValue)
                $0.field("message", error.message)
                $0.key("details")
                $0.value(JSONValue.object(error.details))
            }
        }
        var answer = Response.json(writer.finish(), status: HTTPStatus(error.code.status))
        for field in error.fields { answer.fields.append(field.name, field.value) }
        return answer
    }
}
