// Reads one expression of a template, by the precedence of Jinja.
#pragma once

#include <vector>

#include "tracer/text/jinja/syntax.h"
#include "tracer/text/jinja/token_stream.h"

namespace circuit::jinja {

/// All throw by TokenStream::fail.
Expression parse_expression(TokenStream& tokens);
/// Without `… if … else …` at the outside, as the list of a loop with a condition.
Expression parse_simple_expression(TokenStream& tokens);
/// One expression, or with commas a tuple.
Expression parse_expressions(TokenStream& tokens);
/// `| name(…) | …` behind nothing.
std::vector<Expression> parse_filters(TokenStream& tokens);

}  // namespace circuit::jinja
