//! `AWS::Lambda::Permission` and `AWS::Lambda::LayerVersionPermission`: nothing is refused here for
//! want of one, so they are checked and accepted.

use crate::shape::{Field, Optional, Required, Shape};

pub(super) const FUNCTION: &[Field] = &[
    Field("Action", Required, Shape::Text(256)),
    Field("EventSourceToken", Optional, Shape::Text(256)),
    Field("FunctionName", Required, Shape::Text(140)),
    Field("FunctionUrlAuthType", Optional, Shape::Choice(&["AWS_IAM", "NONE"])),
    Field("InvokedViaFunctionUrl", Optional, Shape::Boolean),
    Field("Principal", Required, Shape::Text(256)),
    Field("PrincipalOrgID", Optional, Shape::Text(34)),
    Field("SourceAccount", Optional, Shape::Text(12)),
    Field("SourceArn", Optional, Shape::Arn),
];

pub(super) const LAYER: &[Field] = &[
    Field("Action", Required, Shape::Choice(&["lambda:GetLayerVersion"])),
    Field("LayerVersionArn", Required, Shape::Arn),
    Field("OrganizationId", Optional, Shape::Text(34)),
    Field("Principal", Required, Shape::Text(10_000)),
];
