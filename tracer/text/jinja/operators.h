// What operators do with values.
#pragma once

#include "tracer/text/jinja/run.h"
#include "tracer/text/jinja/syntax.h"
#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

/// All fail for kinds that Python refuses too.
Value apply_unary(Run& run, Operator symbol, const Value& value);
Value apply_binary(Run& run, Operator symbol, const Value& left, const Value& right);
bool compare(Run& run, Operator symbol, const Value& left, const Value& right);

bool is_equal(Run& run, const Value& left, const Value& right);
/// Negative, 0 or positive.
int order(Run& run, const Value& left, const Value& right);
bool is_in(Run& run, const Value& item, const Value& whole);

}  // namespace circuit::jinja
